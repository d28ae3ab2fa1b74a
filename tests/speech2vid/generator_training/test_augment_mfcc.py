import torch

from speech2vid.generator_training.augment_mfcc import augment_mfcc


def _changed(mfcc, seed=0):
    torch.manual_seed(seed)
    return augment_mfcc(mfcc)


def test_the_same_seed_gives_the_same_change_and_another_another():
    mfcc = torch.randn(3, 1, 12, 35)
    assert torch.equal(_changed(mfcc), _changed(mfcc)) and not torch.equal(_changed(mfcc), _changed(mfcc, 1))


def test_each_window_gets_its_own_change():
    changed = _changed(torch.zeros(2, 1, 12, 35))
    assert changed.shape == (2, 1, 12, 35) and not torch.allclose(changed[0], changed[1], atol=0.5)


def test_what_is_said_stays_recognisable():
    """Movement over time correlates with the movement before the change."""
    torch.manual_seed(3)
    mfcc = torch.randn(64, 1, 12, 5).repeat_interleave(7, 3) * 10
    before, after = (x - x.mean(3, keepdim=True) for x in (mfcc, _changed(mfcc)))
    assert 0.7 < torch.corrcoef(torch.stack([before.flatten(), after.flatten()]))[0, 1] < 0.999


def test_voices_differ_as_microphones_do():
    """The mean over time, which an equaliser moves, is not what it was."""
    mfcc = torch.randn(64, 1, 12, 35)
    assert (_changed(mfcc).mean(3) - mfcc.mean(3)).std() > 1
