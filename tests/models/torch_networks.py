#!/usr/bin/env python3
"""Writes networks of PyTorch as ONNX, with stamps and PyTorch's answers: an oracle that is not ours.

usage: torch_networks.py FOLDER     NAME.onnx, NAME.stamps.f32, NAME.answers.f32 per network. Exit code 77: no torch.
"""
import pathlib
import sys
import warnings

warnings.filterwarnings("ignore")
try:
    import torch
except ImportError:
    print("no python3-torch")
    sys.exit(77)
nn = torch.nn


class Residual(nn.Module):
    """Shortcut, squeeze and excitation, GELU, SiLU."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2d(16, 16, 3, padding=1, groups=4), nn.BatchNorm2d(16), nn.GELU(),
                                    nn.Conv2d(16, 16, 1))
        self.squeeze = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(16, 4, 1), nn.SiLU(), nn.Conv2d(4, 16, 1), nn.Sigmoid())
        self.head = nn.Linear(16, 5)

    def forward(self, x):
        x = self.first(x)
        y = self.second(x)
        y = y * self.squeeze(y)
        x = torch.relu(x + y)
        return torch.softmax(self.head(x.mean((2, 3))), 1)


class Autoencoder(nn.Module):
    """Strides, dilation, transposed convolution, both ways to enlarge, concatenation."""

    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(2, 8, 3, stride=2, padding=1)
        self.wide = nn.Conv2d(8, 8, 3, padding=2, dilation=2)
        self.up = nn.ConvTranspose2d(8, 4, 4, stride=2, padding=1)
        self.nearest = nn.Upsample(scale_factor=2, mode="nearest")
        self.linear = nn.Upsample(scale_factor=2, mode="bilinear")
        self.last = nn.Conv2d(20, 3, 1)

    def forward(self, x):
        x = nn.functional.leaky_relu(self.down(x), 0.1)
        x = self.wide(x)
        y = torch.cat([self.up(x), self.nearest(x), self.linear(x)], 1)
        return torch.tanh(self.last(y)).flatten(1)


class Series(nn.Module):
    def __init__(self, cell):
        super().__init__()
        self.convolution = nn.Conv1d(3, 12, 5, padding=2)
        self.cell = cell(12, 20, batch_first=True)
        self.head = nn.Linear(20, 4)

    def forward(self, x):
        y, _ = self.cell(torch.relu(self.convolution(x)).transpose(1, 2))
        return self.head(y).flatten(1)


class Arithmetic(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(24, 24)
        self.head = nn.Linear(24, 3)

    def forward(self, x):
        return self.head(2.0 * torch.tanh(self.body(x) - 0.5) / 3.0 + 1.0)


def vgg():
    return nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.Conv2d(16, 16, 3), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Conv2d(16, 32, 3), nn.ReLU(), nn.AvgPool2d(3, 2, padding=1), nn.Flatten(),
                         nn.Linear(32 * 4 * 4, 32), nn.ReLU(), nn.Linear(32, 1), nn.Sigmoid())


def main():
    folder = pathlib.Path(sys.argv[1])
    torch.manual_seed(5)
    cases = {
        "vgg": (vgg(), (3, 22, 22)),
        "residual": (Residual(), (3, 15, 14)),
        "autoencoder": (Autoencoder(), (2, 12, 16)),
        "lstm": (Series(nn.LSTM), (3, 11)),
        "gru": (Series(nn.GRU), (3, 11)),
        "arithmetic": (Arithmetic(), (24,)),
    }
    for name, (model, shape) in cases.items():
        for module in model.modules():  # norms that do something
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_()
                module.running_var.uniform_(0.5, 2.0)
        model.eval()
        stamps = torch.randn(4, *shape)
        with torch.no_grad():
            answers = model(stamps)
        torch.onnx.export(model, stamps, str(folder / f"{name}.onnx"), opset_version=13,
                          input_names=["stamps"], output_names=["answers"],
                          dynamic_axes={"stamps": {0: "n"}, "answers": {0: "n"}})
        stamps.numpy().tofile(folder / f"{name}.stamps.f32")
        answers.numpy().tofile(folder / f"{name}.answers.f32")
    print(" ".join(cases))


if __name__ == "__main__":
    main()
