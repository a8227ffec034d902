"""The networks that read images: sizes known from the literature, shapes, learning."""

import numpy as np
import pytest
import torch
from torch import nn

from skactive.inspection import embed
from skactive.nets import (
    VGG,
    BayesianCNN,
    NetworkInNetwork,
    ResNet18,
    SeededClassifier,
)

# The class, its parameters, the channels and size of an image, the embedding.
SMALL = {
    "resnet": (ResNet18, {"width": 8}, 3, 32, 64),
    "vgg11": (VGG, {"depth": 11, "width": 8}, 3, 32, 64),
    "vgg16 as first published": (VGG, {"batch_norm": False, "width": 8}, 3, 32, 64),
    "vgg13 with dropout": (VGG, {"depth": 13, "width": 8, "dropout": 0.2}, 1, 28, 64),
    "nin5": (NetworkInNetwork, {"width": 12}, 1, 28, 24),
    "nin10": (NetworkInNetwork, {"n_layers": 10, "width": 16}, 3, 16, 32),
    "bayesian": (BayesianCNN, {}, 1, 28, 128),
}


@pytest.fixture(params=SMALL)
def small(request):
    module, options, n_channels, size, embedding = SMALL[request.param]
    options = options | {"n_channels": n_channels, "image_size": size}
    return module, options, embedding


def images(options, n=4):
    shape = (n, options["n_channels"], options["image_size"], options["image_size"])
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def count(module):
    return sum(p.numel() for p in module.parameters())


def n_convolutions(net):
    return sum(isinstance(module, nn.Conv2d) for module in net.modules())


# ------------------------------------------------------------ what is known of them


@pytest.mark.parametrize(
    ("net", "n_parameters"),
    [
        # Published counts of the forms for CIFAR-10.
        (lambda: ResNet18(), 11_173_962),
        (lambda: VGG(depth=11), 9_231_114),
        (lambda: VGG(depth=16), 14_728_266),
        # By hand from the text: (25 + 1) 32 + (25 · 32 + 1) 64 + 1025 · 128 + 129 · 10.
        (lambda: BayesianCNN(), 184_586),
    ],
)
def test_the_number_of_parameters_is_the_published_one(net, n_parameters):
    with torch.device("meta"):
        assert count(net()) == n_parameters


@pytest.mark.parametrize(("depth", "n"), [(11, 9_220_480), (16, 14_714_688)])
def test_convolutions_of_vgg_are_those_of_the_networks_for_imagenet(depth, n):
    with torch.device("meta"):
        net = VGG(depth=depth, batch_norm=False)
    assert count(net.features) == n
    assert n_convolutions(net) == depth - 3  # three linear layers there, one here


def test_resnet_has_eighteen_layers_and_three_shortcuts():
    with torch.device("meta"):
        assert n_convolutions(ResNet18()) + 1 == 18 + 3


@pytest.mark.parametrize("n_layers", [5, 10])
def test_network_in_network_has_its_layers_each_with_batch_norm(n_layers):
    net = NetworkInNetwork(n_layers=n_layers)
    assert n_convolutions(net) + 1 == n_layers  # the last is computed as linear
    norms = sum(isinstance(module, nn.BatchNorm2d) for module in net.modules())
    assert norms == n_layers - 1


def test_network_in_network_drops_less_with_ten_layers():
    def probabilities(**options):
        modules = NetworkInNetwork(**options).modules()
        return {m.p for m in modules if isinstance(m, nn.Dropout)}

    (five,), (ten,) = probabilities(n_layers=5), probabilities(n_layers=10)
    assert 0 < ten < five
    assert probabilities(n_layers=10, dropout=0.1) == {0.1}


def test_its_output_is_the_mean_over_maps_of_a_convolution():
    torch.manual_seed(0)
    net = NetworkInNetwork(image_size=8).eval()
    X = torch.randn(3, 1, 8, 8)
    maps = nn.functional.conv2d(
        net.features(X), net.output.weight[:, :, None, None], net.output.bias
    )
    assert maps.shape == (3, 10, 2, 2)
    assert torch.allclose(net(X), maps.mean(dim=(2, 3)), atol=1e-6)


# ------------------------------------------------------------ shapes


def test_images_and_flat_rows_give_the_same_logits(small):
    module, options, _ = small
    torch.manual_seed(0)
    net = module(n_outputs=7, **options).eval()
    X = images(options)
    with torch.no_grad():
        logits = net(X)
        assert logits.shape == (4, 7)
        assert torch.equal(logits, net(X.flatten(1)))
        if options["n_channels"] == 1:
            assert torch.equal(logits, net(X[:, 0]))


@pytest.mark.parametrize("module", [BayesianCNN, ResNet18, VGG, NetworkInNetwork])
@pytest.mark.parametrize("shape", [(32, 32, 3), (3, 28, 28), (784,), (1024,)])
def test_rows_of_another_shape_are_refused_in_a_sentence(module, shape):
    with torch.device("meta"):
        net = module(n_channels=3, image_size=32)
        with pytest.raises(ValueError, match=r"reads images of shape \(3, 32, 32\)"):
            net(torch.zeros(2, *shape))


def test_other_sizes_of_images_are_read():
    with torch.no_grad():
        for size in (17, 28, 40):
            net = VGG(width=4, image_size=size).eval()
            assert net(torch.zeros(2, 3, size, size)).shape == (2, 10)
        for size in (9, 8 * 5):
            net = ResNet18(width=4, image_size=size).eval()
            assert net(torch.zeros(2, 3, size, size)).shape == (2, 10)


@pytest.mark.parametrize(
    ("module", "size", "options"),
    [
        (VGG, 17, {"width": 8}),
        (ResNet18, 9, {"width": 8}),
        (NetworkInNetwork, 8, {}),
        (NetworkInNetwork, 16, {"n_layers": 10}),
    ],
)
def test_a_single_row_can_be_trained_on_at_the_smallest_size(module, size, options):
    # What is left over of the last batch may be one row, which batch norm refuses
    # where a single position is left of the image.
    net = module(n_channels=1, image_size=size, **options).train()
    net(torch.randn(1, size**2)).sum().backward()
    with pytest.raises(ValueError, match=f"'image_size'.*at least {size}"):
        module(n_channels=1, image_size=size - 1, **options)


def test_weights_lie_channels_last(small):
    module, options, _ = small
    net = module(**options)
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            assert layer.weight.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("module", "wrong", "sentence"),
    [
        (ResNet18, {"width": 0}, "'width' parameter of ResNet18.*at least 1"),
        (ResNet18, {"n_outputs": 0}, "'n_outputs'.*at least 1"),
        (VGG, {"depth": 12}, "'depth' parameter of VGG.*one of 11, 13, 16. Got 12"),
        (VGG, {"dropout": 1.0}, r"'dropout'.*\[0, 1\)"),
        (NetworkInNetwork, {"n_layers": 7}, "'n_layers'.*one of 5, 10. Got 7"),
        (NetworkInNetwork, {"dropout": -0.1}, r"'dropout'.*\[0, 1\)"),
        (NetworkInNetwork, {"width": 0}, "'width'.*at least 1"),
        (NetworkInNetwork, {"n_channels": 0}, "'n_channels'.*at least 1"),
        (BayesianCNN, {"image_size": 10}, "vanish in 2 blocks"),
    ],
)
def test_a_parameter_out_of_range_is_named(module, wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        module(**wrong)


# ------------------------------------------------------------ behind skorch


def classifier(module, options, **params):
    return SeededClassifier(
        module,
        **{f"module__{name}": value for name, value in options.items()},
        **{
            "criterion": nn.CrossEntropyLoss,
            "optimizer": torch.optim.Adam,
            "lr": 0.002,
            "batch_size": 12,
            "train_split": None,
            "verbose": 0,
            "random_state": 0,
            **params,
        },
    )


def test_the_embedding_is_what_the_last_layer_reads(small):
    module, options, embedding = small
    net = classifier(module, options).initialize()
    X = images(options).flatten(1).numpy()
    Z, logits = embed(net, X), embed(net, X, layer="output")
    assert Z.shape == (4, embedding)
    with torch.no_grad():
        expected = net.module_.output(torch.as_tensor(Z)).numpy()
    np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-6)


def test_it_learns_a_few_rows(small):
    module, options, _ = small
    X, y = images(options, n=12).flatten(1).numpy(), np.arange(12) % 3
    X += y[:, np.newaxis] - 1  # the brightness tells
    net = classifier(module, {"n_outputs": 3} | options, max_epochs=40).fit(X, y)
    assert net.score(X, y) == 1.0


@pytest.mark.slow
@pytest.mark.parametrize(("module", "max_epochs"), [(ResNet18, 25), (VGG, 70)])
def test_the_whole_network_learns_a_few_rows(module, max_epochs):
    options = {"n_outputs": 3, "n_channels": 3, "image_size": 32}
    X, y = images(options, n=12).flatten(1).numpy(), np.arange(12) % 3
    X += y[:, np.newaxis] - 1
    net = classifier(module, options, lr=1e-3, max_epochs=max_epochs).fit(X, y)
    assert net.score(X, y) == 1.0


@pytest.mark.parametrize("dropout", [0.5, 0.3])
def test_dropout_before_pooling_as_published_trains_to_the_same_weights(dropout):
    options = {"filters": (3, 4), "kernel_size": 3, "hidden": 5, "dropout": dropout}
    trained = []
    for is_published in (False, True):
        torch.manual_seed(0)
        net = BayesianCNN(**options)
        if is_published:
            order = [0, 2, 1, 3, 4, 6, 5, 7]
            net.blocks = nn.Sequential(*(net.blocks[i] for i in order))
            kinds = [type(module) for module in net.blocks[:3]]
            assert kinds == [nn.Conv2d, nn.Dropout2d, nn.MaxPool2d]
        optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
        X, y = torch.randn(30, 1, 28, 28), torch.arange(30) % 10
        before = net.output.weight.clone()
        for _ in range(5):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(X), y).backward()
            optimizer.step()
        assert not torch.equal(before, net.output.weight)
        trained.append(net)
    for ours, published in zip(*(net.parameters() for net in trained), strict=True):
        torch.testing.assert_close(ours, published, rtol=0, atol=0)
