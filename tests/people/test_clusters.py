"""Clusters of made embeddings whose people are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist

from transforms.people import near_pairs
from transforms.people.clusters import cluster, confidences

NONE_APART = np.zeros((0, 2), np.int64)


def made_people(num_people, num_faces, noise=0.03, seed=0):
    """Vectors (N, 32) of people on a sphere with some noise, and each vector's person."""
    rng = np.random.default_rng(seed)
    middles = rng.normal(size=(num_people, 32))
    middles /= np.linalg.norm(middles, axis=1, keepdims=True)
    people = np.repeat(np.arange(num_people), num_faces)
    return (middles[people] + rng.normal(scale=noise, size=(len(people), 32))).astype(np.float32), people


def clustered(vectors, max_distance=0.5, apart=NONE_APART, known=None):
    known = np.full(len(vectors), -1) if known is None else known
    return cluster(vectors, max_distance**2, np.asarray(apart).reshape(-1, 2), known)


def as_sets(labels):
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in set(labels.tolist())}


def test_faces_of_one_person_are_one_cluster_and_people_are_apart():
    vectors, people = made_people(12, 7)
    assert as_sets(clustered(vectors).labels) == as_sets(people)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 40), st.floats(0.2, 1.2))
def test_the_clusters_are_those_of_average_linkage_over_all_pairs(seed, count, max_distance):
    vectors = np.random.default_rng(seed).normal(size=(count, 4)).astype(np.float32) / 2
    expected = fcluster(linkage(pdist(vectors, "sqeuclidean"), "average"), max_distance**2, "distance")
    assert as_sets(clustered(vectors, max_distance).labels) == as_sets(expected)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_the_order_of_the_faces_decides_nothing(seed):
    vectors, _ = made_people(6, 5, noise=0.12, seed=seed)
    order = np.random.default_rng(seed).permutation(len(vectors))
    labels = np.empty(len(vectors), np.int64)
    labels[order] = clustered(vectors[order]).labels
    assert as_sets(labels) == as_sets(clustered(vectors).labels)


def test_a_chain_of_similar_faces_does_not_join_two_people():
    steps = np.linspace(0, 1.6, 9)  # each is 0.2 from the next, the ends are 1.6 apart
    ends = np.concatenate([np.zeros(20), np.full(20, 1.6), steps])
    vectors = np.column_stack([ends, np.zeros((len(ends), 3))]).astype(np.float32)
    labels = clustered(vectors, 0.5).labels
    assert labels[0] != labels[20]


def test_two_faces_in_one_image_are_two_people_however_like_they_are():
    vectors, _ = made_people(1, 6)
    labels = clustered(vectors, apart=[(0, 1)]).labels
    assert labels[0] != labels[1] and len(set(labels.tolist())) == 2


def test_what_holds_two_people_apart_holds_for_all_that_joins_them():
    vectors, _ = made_people(1, 40)
    apart = [(0, 1), (2, 3), (5, 4)]
    labels = clustered(vectors, apart=apart).labels
    assert all(labels[one] != labels[other] for one, other in apart)


def test_people_on_record_are_not_joined_but_named_as_alike():
    vectors, _ = made_people(1, 10)
    known = np.array([7, 7, 7, 9, 9, 9, -1, -1, -1, -1])
    found = clustered(vectors, known=known)
    assert set(found.labels[:3].tolist()) != set(found.labels[3:6].tolist())
    assert set(found.labels[6:].tolist()) <= set(found.labels[:6].tolist())
    assert {frozenset(pair) for pair in found.alike.tolist()} == {frozenset(found.labels[[0, 3]].tolist())}


def test_more_tracks_of_one_video_than_neighbours_are_looked_at_still_meet_the_other_video():
    vectors, _ = made_people(1, 2, noise=0.05)
    many = np.repeat(vectors, 60, axis=0) + np.random.default_rng(1).normal(scale=1e-4, size=(120, 32))
    assert set(clustered(many.astype(np.float32)).labels.tolist()) == {0}


def test_no_face_and_one_face_are_clustered():
    assert clustered(np.zeros((0, 8), np.float32)).labels.tolist() == []
    assert clustered(np.ones((1, 8), np.float32)).labels.tolist() == [0]


def test_the_inverted_file_finds_the_people_that_all_pairs_find(monkeypatch):
    vectors, people = made_people(150, 8)
    monkeypatch.setattr(near_pairs, "EXACT_UP_TO", 100**2)
    found = clustered(vectors).labels
    assert as_sets(found) == as_sets(people)
    assert clustered(vectors).labels.tolist() == found.tolist()


def test_a_face_amid_its_people_is_surer_than_one_between_two():
    vectors, people = made_people(2, 10)
    between = (vectors[:10].mean(0) * 0.6 + vectors[10:].mean(0) * 0.4).astype(np.float32)
    vectors, labels = np.concatenate([vectors, between[None]]), np.append(people, 0)
    found = confidences(vectors, labels, 0.25)
    assert found.min() >= 0 and found.max() <= 1
    assert found[-1] < 0.6 < 0.85 < found[:20].min()


def test_a_face_alone_counts_as_at_the_threshold():
    vectors = np.array([[0, 0], [1, 0]], np.float32)
    assert confidences(vectors, np.array([0, 1]), 0.25) == pytest.approx([0.75, 0.75])
