"""Learn the shape of the lips from audio in a plain PyTorch loop: `python examples/train_loop.py DATASET [SPLIT]`."""

import itertools
import sys

import torch

from speech2vid.reader import SampleLoader, SampleSettings, SampleStream

STEPS = 50
dataset, split = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "train"

stream = SampleStream(dataset, split, SampleSettings(targets_per_clip=4), batch_size=2, seed=0, endless=True)
batch = stream.batch(epoch=0, batch=0)
num_inputs, num_outputs = batch["audio"][0, 0].numel(), batch["target_mesh"].shape[-1]

torch.manual_seed(0)
network = torch.nn.Sequential(
    torch.nn.BatchNorm1d(num_inputs), torch.nn.Linear(num_inputs, 64), torch.nn.ReLU(), torch.nn.Linear(64, num_outputs)
)
optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)

for step, batch in enumerate(itertools.islice(SampleLoader(stream), STEPS)):
    audio = batch["audio"].reshape(-1, num_inputs)  # MFCC windows, (B K, 12 * 35)
    lips = batch["target_mesh"].reshape(-1, num_outputs)  # opening and lip points of the frame in the middle
    loss = torch.nn.functional.mse_loss(network(audio), lips)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 10 == 0 or step == STEPS - 1:
        print(f"step {step}: loss {loss.item():.4f}, clips {', '.join(batch['key'])}")
