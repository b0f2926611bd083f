"""What other tools, other languages and people call our layers, and words that are no layer: tables alone."""

from __future__ import annotations

#: What other tools call our layers.
ELSEWHERE = {
    "batchnorm": "bn", "batchnormalization": "bn", "dense": "fc", "maxpooling": "maxpool", "averagepool": "avgpool",
    "averagepooling": "avgpool", "globalavgpool": "gap", "globalaveragepooling": "gap", "globalmaxpool": "gmp",
    "deconv": "upconv", "convtranspose": "upconv", "transposedconv": "upconv", "depthwiseconv": "dwconv",
    "separableconv": "sepconv", "groupnorm": "gn", "layernorm": "ln", "instancenorm": "in_norm", "lrelu": "leaky_relu",
    "identity": "id", "skip": "id", "upsampling": "upsample", "localresponsenorm": "lrn", "convolution": "conv",
    "stochasticdepth": "droppath", "fullyconnected": "fc", "connected": "fc",
    "cat": "concat", "concatenate": "concat", "adaptiveavgpool": "gap", "adaptiveaveragepool": "gap",
    "adaptivemaxpool": "gmp", "globalaveragepool": "gap", "globalpooling": "gap", "globalpool": "gap",
    "globalmaxpooling": "gmp", "hswish": "hardswish", "hsigmoid": "hardsigmoid", "leakyrelu": "leaky_relu",
    "parametricrelu": "prelu", "innerproduct": "fc", "gemm": "fc", "ip": "fc", "channelshuffle": "shuffle",
    "eltwise": "add",
    "elementwiseadd": "add", "sum": "add", "plus": "add", "transpose": "permute", "spatialdropout": "dropout2d",
    "dropconnect": "droppath", "zeropad": "pad", "zeropadding": "pad", "bnorm": "bn", "pointwiseconv": "conv",
    "multiply": "mul", "product": "mul", "subtract": "sub", "noop": "id", "pass": "id", "shortcut": "id",
    "instancenormalization": "in_norm", "groupnormalization": "gn", "layernormalization": "ln",
    "deconvolution": "upconv", "transposedconvolution": "upconv", "convolutional": "conv", "deconvolutional": "upconv",
    "convdw": "dwconv", "dwconvolution": "dwconv", "fullyconn": "fc", "localresponsenormalization": "lrn",
    "dw": "dwconv", "depthwise": "dwconv", "depthwiseconvolution": "dwconv", "separable": "sepconv",
}  # fmt: skip
#: What stands for a statement of Python's, or for the first of two words of a layer.
PYTHON = {
    "import": '`use "file.net" (block)` takes blocks of another file',
    "from": '`use "file.net" (block)` takes blocks of another file',
    "return": "the last row gives the net's output, and `output name { … }` a further one",
    "for": "what repeats stands before its number: `[conv3-64, relu] ×3`",
    "repeat": "what repeats stands before its number: `[conv3-64, relu] ×3`",
    "residual": "a residual is a join with the tensor itself: `add { conv3-64, relu | id }`",
    "while": "what repeats stands before its number: `[conv3-64, relu] ×3`",
    "def": "`block name(c) { … }` declares a block",
    "class": "`block name(c) { … }` declares a block",
    "pixelshuffle": "there is none: `upsample ×2` enlarges a map, and `upconv2-64/2` learns to",
    "interpolate": "it is written `upsample ×2` by a factor, `upsample to=56` to a size",
    "resize": "it is written `upsample ×2` by a factor, `upsample to=56` to a size",
    "view": "it is written `flatten`, or `reshape 16x32x4` with each size",
    "unsqueeze": "it is written `reshape 1x64x64`, with each size",
    "squeeze": "it is written `flatten`, or `reshape 64x64` with each size",
    "split": "`chunk 0 of=2` takes the first of two parts of the channels",
    "slice": "`take 0 5` takes channels, `crop 12x12` a part of the map",
    "attention": "there is no such layer: `mul { id | gap, conv1-8, relu, conv1-64, sigmoid }` weighs channels",
    "se": "a block says what it is: `mul { id | gap, conv1-8, relu, conv1-64, sigmoid }`",
    "lstm": "there is none: a spec has feed-forward layers alone",
    "gru": "there is none: a spec has feed-forward layers alone",
    "embedding": "there is none: a spec begins with a tensor of numbers",
    "activation": "it is a layer of its own, as `relu`, or stands in a `style`",
    "nonlinearity": "it is a layer of its own, as `relu`, or stands in a `style`",
    "norm": "there are `bn`, `gn`, `ln`, `in_norm` and `lrn`",
    "normalization": "there are `bn`, `gn`, `ln`, `in_norm` and `lrn`",
    "max": "here it is called `maxpool`",
    "average": "here it is called `avgpool`",
    "global": "here it is called `gap`: global average pooling",
    "fully": "here it is called `fc`",
    "batch": "here it is called `bn`",
    "depthwise": "here it is called `dwconv`",
    "separable": "here it is called `sepconv`",
    "pool": "there are `maxpool`, `avgpool` and `gap`",
    "pooling": "there are `maxpool`, `avgpool` and `gap`",
    "clip": "`relu6` holds values between 0 and 6, `hardsigmoid` between 0 and 1",
    "clamp": "`relu6` holds values between 0 and 6, `hardsigmoid` between 0 and 1",
    "reducemean": "the mean over the whole map is `gap`",
    "matmul": "a fully connected layer is `fc-10`, and `linear-32` acts on the last axis",
    "depthtospace": "there is none: `upsample ×2` enlarges a map, and `upconv2-64/2` learns to",
    "accuracy": "how a net is judged no spec says: leave it out",
    "softmaxwithloss": "a spec has no loss: `soft-max eval` gives probabilities, and logits in training",
    "data": "what enters is declared: `input 3x224x224`",
    "patchembed": "patches of 16×16 with 768 channels are `conv16-768/16`",
    "patchify": "patches of 4×4 with 96 channels are `conv4-96/4`",
    "eca": "it weighs channels: `mul { id | gap, conv1-64, sigmoid }` does so, with as many as enter",
    "cbam": "`mul { id | gap, conv1-64, sigmoid }` weighs channels, with as many as enter; there is none for places",
    "assert": "`expect params = 1000` holds a number of the net against what it is",
    "end": "what belongs together stands in braces: `block name(c) { … }`",
    "let": "`param name = 1` declares a parameter",
    "const": "`param name = 1` declares a parameter",
    "var": "`param name = 1` declares a parameter",
    "pw": "a pointwise convolution has a kernel of 1: `conv1-64`",
    "pwconv": "a pointwise convolution has a kernel of 1: `conv1-64`",
    "loss": "a loss is no part of a net: it is of the program that trains it",
    "stride": "a stride stands at its layer: `conv3-64/2`, `maxpool3/2`",
    "padding": "a padding stands at its layer: `conv3-64 pad=1`, `maxpool3/2 pad=1`",
    "pointwise": "a pointwise convolution has a kernel of 1: `conv1-64`",
    "transformer": "there is none: a spec has convolutions, poolings and fully connected layers",
    "self": "a module is named by a label, `name: conv3-64`, and its tensor is `@name`",
}
#: Layers of one word that others write as two.
TWO_WORDS = {
    "max pool": "maxpool", "max pooling": "maxpool", "avg pool": "avgpool", "average pool": "avgpool",
    "average pooling": "avgpool", "soft max": "soft-max", "batch norm": "bn", "batch normalization": "bn",
    "layer norm": "ln", "group norm": "gn", "instance norm": "in_norm", "leaky relu": "leaky_relu",
    "global pool": "gap", "global pooling": "gap", "drop out": "dropout", "drop path": "droppath", "up conv": "upconv",
    "depthwise conv": "dwconv", "separable conv": "sepconv", "h swish": "hardswish", "hard swish": "hardswish",
    "h sigmoid": "hardsigmoid", "hard sigmoid": "hardsigmoid", "log softmax": "log_softmax",
    "channel shuffle": "shuffle",
}  # fmt: skip
#: What the last layers of a net are called.
HEADS = frozenset(
    ["logits", "classifier", "head", "mlp", "readout", "predictions", "scores", "hidden", "classes", "top", "cls"]
)
#: Words that stand behind what they belong to.
BEHIND = frozenset(["as", "same", "valid", "ceil", "plain", "train", "eval"])
#: Words that are ours, where they stand without what belongs to them.
ALONE = {
    "allow": "`allow ND301` ends a line, without a comma before it, or has a line of its own",
    "reuse": "the label of what is applied again stands behind it: `reuse name`",
}
