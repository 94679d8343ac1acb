#!/usr/bin/env python3
"""Writes networks in the files of Keras 2 (JSON and HDF5), with stamps and the answers that PyTorch gives with the same weights.

usage: keras_networks.py FOLDER     NAME.json, NAME.h5, NAME.stamps.f32, NAME.answers.f32 per network; stamps and the answers' images
are as here: channels first. Exit code 77: no torch or h5py.
"""
import json
import pathlib
import sys

try:
    import h5py
    import numpy
    import torch
except ImportError:
    print("no python3-torch or python3-h5py")
    sys.exit(77)
F = torch.nn.functional


class Network:
    """A functional Keras model under construction, and what it does in PyTorch (channels first)."""

    def __init__(self, shape):
        self.layers, self.weights, self.values = [], {}, {}
        self.stamps = torch.randn(4, *shape)
        last = [None, *shape[1:], shape[0]]
        self.add("InputLayer", "stamps", [], {"batch_input_shape": last}, {}, self.stamps)

    def add(self, kind, name, inputs, config, weights, value):
        self.layers.append({"class_name": kind, "name": name, "config": dict(config, name=name),
                            "inbound_nodes": [[[i, 0, 0, {}] for i in inputs]] if inputs else []})
        self.weights[name] = weights
        self.values[name] = value
        return name

    def get(self, name):
        return self.values[name]

    def write(self, folder, name, output):
        model = {"class_name": "Functional", "keras_version": "2.11.0", "backend": "tensorflow",
                 "config": {"name": name, "layers": self.layers, "input_layers": [["stamps", 0, 0]],
                            "output_layers": [[output, 0, 0]]}}
        (folder / f"{name}.json").write_text(json.dumps(model))
        with h5py.File(folder / f"{name}.h5", "w") as file:
            file.attrs["layer_names"] = [layer["name"].encode() for layer in self.layers]
            for layer, weights in self.weights.items():
                group = file.create_group(layer)
                group.attrs["weight_names"] = [f"{layer}/{key}:0".encode() for key in weights]
                for key, value in weights.items():
                    group.create_dataset(f"{layer}/{key}:0", data=value.detach().numpy())
        self.stamps.numpy().tofile(folder / f"{name}.stamps.f32")
        self.get(output).detach().flatten(1).numpy().tofile(folder / f"{name}.answers.f32")


def noise(*shape):
    fan = numpy.prod(shape[:-1]) if len(shape) > 1 else 1
    return torch.randn(*shape) / float(numpy.sqrt(fan))


def same(x, size, stride):
    """TensorFlow's padding: the odd pixel goes to the far side."""
    pads = []
    for length in reversed(x.shape[2:]):
        total = max((-(-length // stride) - 1) * stride + size - length, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads)


def conv2d(net, name, of, channels, size=3, stride=1, padding="same", **config):
    x = net.get(of)
    kernel, bias = noise(size, size, x.shape[1], channels), noise(channels)
    y = same(x, size, stride) if padding == "same" else x
    y = F.conv2d(y, kernel.permute(3, 2, 0, 1), bias, stride)
    activation = config.get("activation", "linear")
    y = torch.relu(y) if activation == "relu" else y
    return net.add("Conv2D", name, [of], {"filters": channels, "kernel_size": [size, size], "strides": [stride, stride],
                                          "padding": padding, "activation": activation}, {"kernel": kernel, "bias": bias}, y)


def batch_norm(net, name, of):
    x = net.get(of)
    gamma, beta, mean, var = noise(x.shape[1]), noise(x.shape[1]), noise(x.shape[1]), torch.rand(x.shape[1]) + 0.5
    return net.add("BatchNormalization", name, [of], {"axis": [x.dim() - 1], "epsilon": 1e-3},
                   {"gamma": gamma, "beta": beta, "moving_mean": mean, "moving_variance": var},
                   F.batch_norm(x, mean, var, gamma, beta, eps=1e-3))


def dense(net, name, of, units, activation="linear"):
    x = net.get(of)
    kernel, bias = noise(x.shape[1], units), noise(units)
    y = x @ kernel + bias
    y = torch.softmax(y, 1) if activation == "softmax" else torch.sigmoid(y) if activation == "sigmoid" else y
    return net.add("Dense", name, [of], {"units": units, "activation": activation}, {"kernel": kernel, "bias": bias}, y)


def residual():
    net = Network((3, 21, 18))
    at = conv2d(net, "first", "stamps", 8, stride=2)
    at = batch_norm(net, "norm", at)
    short = at = net.add("Activation", "silu", [at], {"activation": "swish"}, {}, F.silu(net.get(at)))
    x = net.get(at)
    depth, point, bias = noise(3, 3, 8, 2), noise(1, 1, 16, 8), noise(8)
    y = F.conv2d(same(x, 3, 1), depth.permute(2, 3, 0, 1).reshape(16, 1, 3, 3), groups=8)
    y = F.conv2d(y, point.permute(3, 2, 0, 1), bias)
    at = net.add("SeparableConv2D", "separable", [at], {"kernel_size": [3, 3], "padding": "same", "depth_multiplier": 2},
                 {"depthwise_kernel": depth, "pointwise_kernel": point, "bias": bias}, y)
    at = net.add("Add", "add", [at, short], {}, {}, net.get(at) + net.get(short))
    mean = net.add("GlobalAveragePooling2D", "mean", [at], {"keepdims": True}, {}, net.get(at).mean((2, 3), keepdim=True))
    gate = conv2d(net, "gate", mean, 8, size=1)
    gate = net.add("Activation", "sigmoid", [gate], {"activation": "sigmoid"}, {}, torch.sigmoid(net.get(gate)))
    at = net.add("Multiply", "excite", [at, gate], {}, {}, net.get(at) * net.get(gate))
    at = net.add("AveragePooling2D", "pool", [at], {"pool_size": [2, 2], "strides": [2, 2], "padding": "valid"}, {},
                 F.avg_pool2d(net.get(at), 2))
    at = net.add("GlobalMaxPooling2D", "most", [at], {}, {}, net.get(at).amax((2, 3)))
    at = net.add("Dropout", "dropout", [at], {"rate": 0.5}, {}, net.get(at))
    return net, dense(net, "out", at, 4, "softmax")


def decoder():
    net = Network((2, 8, 10))
    at = net.add("ZeroPadding2D", "pad", ["stamps"], {"padding": [[1, 2], [0, 1]]}, {}, F.pad(net.get("stamps"), (0, 1, 1, 2)))
    at = conv2d(net, "first", at, 6, padding="valid", activation="relu")
    x = net.get(at)
    kernel, bias = noise(3, 3, 5, 6), noise(5)  # height, width, outputs, inputs
    y = F.conv_transpose2d(x, kernel.permute(3, 2, 0, 1), bias, stride=2)[:, :, :-1, :-1]  # "same": the first of one extra pixel is 0
    up = net.add("Conv2DTranspose", "up", [at], {"filters": 5, "kernel_size": [3, 3], "strides": [2, 2], "padding": "same",
                                                 "activation": "linear"}, {"kernel": kernel, "bias": bias}, y)
    near = net.add("UpSampling2D", "near", [at], {"size": [2, 2], "interpolation": "nearest"}, {}, F.interpolate(x, scale_factor=2))
    smooth = net.add("UpSampling2D", "smooth", [at], {"size": [2, 2], "interpolation": "bilinear"}, {},
                     F.interpolate(x, scale_factor=2, mode="bilinear"))
    at = net.add("Concatenate", "join", [up, near, smooth], {"axis": -1}, {},
                 torch.cat([net.get(v) for v in (up, near, smooth)], 1))
    at = net.add("LeakyReLU", "leaky", [at], {"alpha": 0.2}, {}, F.leaky_relu(net.get(at), 0.2))
    x = net.get(at).permute(0, 2, 3, 1)
    gamma, beta = noise(x.shape[3]), noise(x.shape[3])
    y = F.layer_norm(x, x.shape[3:], gamma, beta, 1e-3).permute(0, 3, 1, 2)
    at = net.add("LayerNormalization", "norm", [at], {"axis": [3], "epsilon": 1e-3}, {"gamma": gamma, "beta": beta}, y)
    at = net.add("MaxPooling2D", "pool", [at], {"pool_size": [3, 3], "strides": [3, 3], "padding": "same"}, {},
                 F.max_pool2d(F.pad(net.get(at), pool_pads(net.get(at), 3), value=-1e30), 3))
    at = net.add("Flatten", "flatten", [at], {}, {}, net.get(at).permute(0, 2, 3, 1).flatten(1))
    return net, dense(net, "out", at, 3, "sigmoid")


def pool_pads(x, size):
    pads = []
    for length in reversed(x.shape[2:]):
        total = -length % size
        pads += [total // 2, total - total // 2]
    return pads


def gates(weight, order):
    """PyTorch's rows, gate by gate, as Keras' columns."""
    rows = torch.cat([weight.chunk(len(order))[g] for g in order])
    return rows.transpose(0, -1).contiguous()


def series():
    net = Network((3, 13))
    x = net.get("stamps")
    kernel, bias = noise(3, 3, 8), noise(8)
    y = torch.relu(F.conv1d(x, kernel.permute(2, 1, 0), bias, dilation=2))
    at = net.add("Conv1D", "first", ["stamps"], {"filters": 8, "kernel_size": [3], "strides": [1], "dilation_rate": [2],
                                                 "padding": "valid", "activation": "relu"}, {"kernel": kernel, "bias": bias}, y)
    lstm = torch.nn.LSTM(8, 10, batch_first=True)
    at = net.add("LSTM", "lstm", [at], {"units": 10, "activation": "tanh", "recurrent_activation": "sigmoid",
                                        "return_sequences": True},
                 {"lstm_cell/kernel": gates(lstm.weight_ih_l0, range(4)), "lstm_cell/recurrent_kernel": gates(lstm.weight_hh_l0, range(4)),
                  "lstm_cell/bias": lstm.bias_ih_l0 + lstm.bias_hh_l0}, lstm(net.get(at).transpose(1, 2))[0].transpose(1, 2))
    gru = torch.nn.GRU(10, 6, batch_first=True, bidirectional=True)
    weights = {}
    for half, end in (("forward", ""), ("backward", "_reverse")):
        get = lambda key: getattr(gru, f"{key}_l0{end}")  # noqa: E731
        path = f"{half}_gru/gru_cell"
        weights[f"{path}/kernel"] = gates(get("weight_ih"), (1, 0, 2))  # r, z, n becomes z, r, h
        weights[f"{path}/recurrent_kernel"] = gates(get("weight_hh"), (1, 0, 2))
        weights[f"{path}/bias"] = torch.stack([gates(get("bias_ih"), (1, 0, 2)), gates(get("bias_hh"), (1, 0, 2))])
    _, last = gru(net.get(at).transpose(1, 2))
    inner = {"class_name": "GRU", "config": {"name": "gru", "units": 6, "activation": "tanh", "recurrent_activation": "sigmoid",
                                             "return_sequences": False, "reset_after": True}}
    at = net.add("Bidirectional", "both", [at], {"layer": inner, "merge_mode": "concat"}, weights, torch.cat([last[0], last[1]], 1))
    return net, dense(net, "out", at, 2, "softmax")


def main():
    folder = pathlib.Path(sys.argv[1])
    torch.manual_seed(6)
    with torch.no_grad():
        for name, make in (("residual", residual), ("decoder", decoder), ("series", series)):
            network, output = make()
            network.write(folder, name, output)


if __name__ == "__main__":
    main()
