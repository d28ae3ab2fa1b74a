"""The published SyncNet as a literal torch module with random weights, which this project's version must agree with."""

import functools

import numpy as np
import torch
from torch import nn

from transforms.media.canonical import FILL_VALUE
from transforms.media.face_crop import encode_jpeg
from transforms.media.tubes import FaceTube, TubeFile, write_tubes


def _block(convolution, batch_norm, pool=None):
    return [convolution, batch_norm(convolution.out_channels), nn.ReLU(), *([pool] if pool else [])]


def _dense():
    return nn.Sequential(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, 1024))


class LiteralSyncNet(nn.Module):
    """Chung & Zisserman 2016, as in the released code: 3-D convolutions, separate batch norms, nothing folded."""

    def __init__(self):
        super().__init__()
        flat, deep = nn.BatchNorm2d, nn.BatchNorm3d
        self.netcnnaud = nn.Sequential(
            *_block(nn.Conv2d(1, 64, 3, padding=1), flat, nn.MaxPool2d(1)),
            *_block(nn.Conv2d(64, 192, 3, padding=1), flat, nn.MaxPool2d(3, stride=(1, 2))),
            *_block(nn.Conv2d(192, 384, 3, padding=1), flat),
            *_block(nn.Conv2d(384, 256, 3, padding=1), flat),
            *_block(nn.Conv2d(256, 256, 3, padding=1), flat, nn.MaxPool2d(3, stride=2)),
            *_block(nn.Conv2d(256, 512, (5, 4)), flat),
        )
        pool = functools.partial(nn.MaxPool3d, (1, 3, 3), (1, 2, 2))
        middle = functools.partial(nn.Conv3d, 256, 256, (1, 3, 3), padding=(0, 1, 1))
        self.netcnnlip = nn.Sequential(
            *_block(nn.Conv3d(3, 96, (5, 7, 7), (1, 2, 2)), deep, pool()),
            *_block(nn.Conv3d(96, 256, (1, 5, 5), (1, 2, 2), (0, 1, 1)), deep, pool((0, 1, 1))),
            *_block(middle(), deep),
            *_block(middle(), deep),
            *_block(middle(), deep, pool()),
            *_block(nn.Conv3d(256, 512, (1, 6, 6)), deep),
        )
        self.netfcaud, self.netfclip = _dense(), _dense()

    def embed_audio(self, windows):
        """Audio windows (N, 1, 13, 20) -> (N, 1024)."""
        return self.netfcaud(self.netcnnaud(windows).flatten(1))

    def embed_face(self, windows):
        """Image windows (N, 3, 5, 224, 224), BGR 0..255 -> (N, 1024)."""
        return self.netfclip(self.netcnnlip(windows).flatten(1))


def random_syncnet():
    """Random weights; batch-norm statistics of random input, then each changed at random, and random gains."""
    torch.manual_seed(0)
    network = LiteralSyncNet()
    norms = [module for module in network.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    with torch.no_grad():
        for norm in norms:
            norm.momentum = 1.0
        network.embed_audio(torch.randn(8, 1, 13, 20) * 10)
        network.embed_face(torch.rand(2, 3, 5, 224, 224) * 255)
        for norm in norms:
            norm.running_mean += torch.randn_like(norm.running_mean) * 0.1
            norm.running_var *= 0.5 + torch.rand_like(norm.running_var)
            nn.init.uniform_(norm.weight, 0.5, 1.5)
            nn.init.normal_(norm.bias, std=0.2)
    return network.eval()


def made_tubes(num_frames, side=200, seed=0):
    """A tube file of one face "t00": images of blocks of random colours; 1 crop px is 1 source px."""
    random = np.random.default_rng(seed)
    blocks = random.integers(0, 256, (num_frames, side // 8, side // 8, 3), np.uint8)
    jpegs = [encode_jpeg(image.repeat(8, 0).repeat(8, 1), 95) for image in blocks]
    box = np.array([side * 0.2, side * 0.1, side * 0.8, side * 0.8]) + random.normal(0, 2, (num_frames, 4))
    tube = FaceTube(
        boxes_xyxy=box.astype(np.float32),
        interpolated=np.zeros(num_frames, bool),
        mesh=np.zeros((num_frames, 468, 3), np.int16),
        align=np.zeros((num_frames, 2, 3), np.float32),
        crop_to_source=np.tile(np.array([[1, 0, 0], [0, 1, 0]], np.float32), (num_frames, 1, 1)),
        mouth_visibility=np.ones(num_frames, np.float32),
        crops_jpeg=np.frombuffer(b"".join(jpegs), np.uint8),
        crops_index=np.cumsum([0, *map(len, jpegs)]).astype(np.uint32),
    )
    return TubeFile(write_tubes({"t00": tube}))


def released_crops(images_bgr, boxes):
    """The released program's crops of whole images, written after it: padding, slicing, resizing."""
    import cv2
    from scipy.signal import medfilt

    half = medfilt(np.maximum(boxes[:, 3] - boxes[:, 1], boxes[:, 2] - boxes[:, 0]) / 2, 13)
    y, x = (medfilt((boxes[:, low] + boxes[:, low + 2]) / 2, 13) for low in (1, 0))
    crops = []
    for image, h, cy, cx in zip(images_bgr, half, y, x, strict=True):
        edge = int(h * 1.8)
        padded = np.pad(image, ((edge, edge), (edge, edge), (0, 0)), constant_values=FILL_VALUE)
        rows = slice(int(cy + edge - h), int(cy + edge + h * 1.8))
        columns = slice(int(cx + edge - h * 1.4), int(cx + edge + h * 1.4))
        crops.append(cv2.resize(padded[rows, columns], (224, 224)))
    return crops
