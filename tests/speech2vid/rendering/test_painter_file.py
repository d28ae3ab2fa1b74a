import cv2
import numpy as np
import onnx
import pytest
import torch

from schemas.errors import UsageError
from speech2vid.painter_training.export import export_painter
from speech2vid.painter_training.network import Painter, PainterSettings, painted_over
from speech2vid.rendering.drawn_mouth import drawn_inside
from speech2vid.rendering.face_renderer import FaceRenderer
from speech2vid.rendering.own_blur import missing_blur_px
from speech2vid.rendering.painter_file import PainterFile
from speech2vid.rendering.painter_input import GATE, INSIDE, painter_input
from speech2vid.rendering.regions import lower_face
from tests.speech2vid.rendering.made_faces import made_mesh, made_still


@pytest.fixture(scope="module")
def painter():
    torch.manual_seed(0)
    return Painter(PainterSettings(width=8))


@pytest.fixture(scope="module")
def painter_path(painter, tmp_path_factory):
    path = tmp_path_factory.mktemp("painter") / "painter.onnx"
    export_painter(painter, path, "tiny")
    return path


def test_the_file_paints_as_the_network_does(painter, painter_path):
    seen = painter_input(made_still(), [made_still(opening=1)], made_mesh(opening=0.5))
    colours, alpha = PainterFile(painter_path).paint(seen)
    with torch.inference_mode():
        expected = [values[0].numpy() for values in painter(torch.from_numpy(seen.planes[None]))]
    assert np.abs(colours - 255 * expected[0].transpose(1, 2, 0)).max() < 0.5
    assert np.abs(alpha - expected[1][0]).max() < 2e-3


def test_inside_the_mouth_a_quarter_of_what_is_not_drawn_is_painted_and_beside_it_the_detail_stays(
    painter, painter_path
):
    base, target = made_still(), made_mesh(opening=1)
    base.face_rgb[::2] //= 2  # detail everywhere
    warped, painted = (FaceRenderer([base], one).render(base, target).rgb for one in (None, PainterFile(painter_path)))
    seen = painter_input(base, [base], target)
    with torch.inference_mode():
        planes = torch.from_numpy(seen.planes[None])
        expected = 255 * painted_over(planes, *painter(planes))[0].permute(1, 2, 0).numpy()
    core = cv2.erode(seen.planes[INSIDE], np.ones((5, 5), np.uint8)) == 1
    drawn = drawn_inside(base, 1.0, target, seen.part)
    soft = cv2.GaussianBlur(0.75 * drawn + 0.25 * expected, (0, 0), missing_blur_px(base, seen.part))
    assert np.abs(painted[seen.part][core] - np.clip(soft, 0, 255)[core]).max() < 3
    beside = (seen.planes[GATE] > 0.5) & (cv2.dilate(seen.planes[INSIDE], np.ones((9, 9), np.uint8)) == 0)
    assert (painted[seen.part][beside] != warped[seen.part][beside]).any()
    detail = [cv2.Laplacian(image[seen.part], cv2.CV_64F)[beside].std() for image in (warped, painted)]
    assert detail[1] > 0.9 * detail[0]


def test_what_the_painter_does_not_change_is_the_base_to_the_bit(painter_path):
    base = made_still()
    rendered = FaceRenderer([base], PainterFile(painter_path)).render(base, base.mesh_px)
    assert rendered.changed.any(), "lips are painted even where nothing moves"
    assert (rendered.rgb == base.face_rgb)[rendered.changed == 0].all()


def test_a_repainted_face_shows_nothing_of_the_bases_lower_face(painter_path):
    base, other = made_still(), made_still(seed=2)
    region = lower_face(base.mesh_px[None], 256)
    renderer = FaceRenderer([other], PainterFile(painter_path))
    first = renderer.render(base, base.mesh_px, region).changed
    base.face_rgb[:, 70:-70][region[:, 70:-70] == 1] = 0  # at its part's edges the painter changes nothing
    assert (renderer.render(base, base.mesh_px, region).changed == first).all()


def test_a_file_that_is_no_painter_is_refused_in_one_line(tmp_path):
    path = tmp_path / "other.onnx"
    node = onnx.helper.make_node("Identity", ["a"], ["b"])
    values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "ab"]
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph([node], "g", values[:1], values[1:])), path)
    with pytest.raises(UsageError, match=r"other.onnx is not a painter of this version: .*`talkshard train") as error:
        PainterFile(path)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"cannot read the network .*gone\.onnx"):
        PainterFile(tmp_path / "gone.onnx")
