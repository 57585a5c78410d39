#!/usr/bin/env python3
"""JAX's side of `make bench`: the same networks, batch sizes and optimizer as in peer_torch.py, each step one jitted function.

    echo "mlp_vae 2" | peer_jax.py [--threads 2]                   one line of JSON per line "case seconds"
    peer_jax.py --startup                                          import, one training step, end

Pictures have their channels last in memory; buffers of weights and of the optimizer are donated to the step.
"""
import argparse
import os

import peer_torch  # answer_all, in_turn; PyTorch itself is not imported

class Networks:
    """Layers as functions of their weights, a dictionary; new weights come from one stream of keys."""

    def __init__(self):
        import jax

        self.jax, self.np, self.lax = jax, jax.numpy, jax.lax
        self.seed = 0

    def key(self):
        self.seed += 1
        return self.jax.random.PRNGKey(self.seed)

    def uniform(self, *shape, low=0.0):
        return self.jax.random.uniform(self.key(), shape, minval=low, maxval=1.0)

    # ---- weights
    def dense_weights(self, inputs, outputs):
        return {"w": self.jax.random.normal(self.key(), (inputs, outputs)) * (2 / inputs) ** 0.5, "b": self.np.zeros(outputs)}

    def window_weights(self, size, inputs, outputs):
        return {"w": self.jax.random.normal(self.key(), (size, size, inputs, outputs)) * 0.02, "b": self.np.zeros(outputs)}

    def norm_weights(self, channels):
        return {"gamma": self.np.ones(channels), "beta": self.np.zeros(channels)}

    # ---- layers
    def dense(self, p, x):
        return x @ p["w"] + p["b"]

    def conv(self, p, x, stride, padding):
        return self.lax.conv_general_dilated(x, p["w"], (stride, stride), [(padding, padding)] * 2,
                                             dimension_numbers=("NHWC", "HWIO", "NHWC")) + p["b"]

    def conv_transpose(self, p, x, stride, padding, extra=0):
        margin = p["w"].shape[0] - 1 - padding
        return self.lax.conv_general_dilated(x, p["w"], (1, 1), [(margin, margin + extra)] * 2, lhs_dilation=(stride, stride),
                                             dimension_numbers=("NHWC", "HWIO", "NHWC")) + p["b"]

    def normalized(self, x, axes):
        mean = x.mean(axes, keepdims=True)
        variance = ((x - mean) ** 2).mean(axes, keepdims=True)
        return (x - mean) * self.lax.rsqrt(variance + 1e-5)

    def batch_norm(self, p, x):
        return self.normalized(x, (0, 1, 2)) * p["gamma"] + p["beta"]

    def instance_norm(self, x):
        return self.normalized(x, (1, 2))

    def relu(self, x):
        return self.np.maximum(x, 0)

    def leaky_relu(self, x):
        return self.np.where(x > 0, x, 0.2 * x)

    def reflected(self, x, margin):
        return self.np.pad(x, ((0, 0), (margin, margin), (margin, margin), (0, 0)), mode="reflect")

    # ---- losses
    def bernoulli_nll(self, logits, target):
        return self.np.maximum(logits, 0) - logits * target + self.np.log1p(self.np.exp(-self.np.abs(logits)))

    def kl(self, mu, logvar):
        return -0.5 * (1 + logvar - mu * mu - self.np.exp(logvar)).sum()

    def sampled(self, mu, logvar, key):
        return mu + self.jax.random.normal(key, mu.shape) * self.np.exp(0.5 * logvar)

    # ---- Adam
    def adam_state(self, weights):
        zeros = self.jax.tree.map(self.np.zeros_like, weights)
        return {"m": zeros, "v": self.jax.tree.map(self.np.zeros_like, weights), "steps": self.np.zeros(())}

    def adam(self, weights, grads, state, lr=1e-3, beta1=0.9, beta2=0.999):
        steps = state["steps"] + 1
        m = self.jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, state["m"], grads)
        v = self.jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, state["v"], grads)
        first, second = 1 - beta1**steps, 1 - beta2**steps
        moved = self.jax.tree.map(lambda w, m, v: w - lr * (m / first) / (self.np.sqrt(v / second) + 1e-8), weights, m, v)
        return moved, {"m": m, "v": v, "steps": steps}

    def training(self, weights, loss, data):
        """A step of Adam on loss(weights, batch, key)."""
        def step(weights, state, x, key):
            key, own = self.jax.random.split(key)
            weights, state = self.adam(weights, self.jax.grad(loss)(weights, x, own), state)
            return weights, state, key

        return self.repeated(step, [weights, self.adam_state(weights), self.key()], data, donated=(0, 1))

    def repeated(self, step, state, data, donated):
        """The function that runs step(*state, batch): its results are the next state. The key is the last of the state."""
        jitted = self.jax.jit(lambda *given: step(*given[:-2], given[-1], given[-2]), donate_argnums=donated)
        batches = peer_torch.in_turn(data)

        def run():
            state[:] = jitted(*state, next(batches))
            self.jax.block_until_ready(state[0])

        return run


def mlp_vae(n, batch=128):
    weights = {"hidden": n.dense_weights(784, 400), "mu": n.dense_weights(400, 20), "logvar": n.dense_weights(400, 20),
               "up": n.dense_weights(20, 400), "out": n.dense_weights(400, 784)}

    def loss(p, x, key):
        h = n.relu(n.dense(p["hidden"], x))
        mu, logvar = n.dense(p["mu"], h), n.dense(p["logvar"], h)
        logits = n.dense(p["out"], n.relu(n.dense(p["up"], n.sampled(mu, logvar, key))))
        return n.bernoulli_nll(logits, x).sum() + n.kl(mu, logvar)

    return n.training(weights, loss, [n.uniform(batch, 784) for _ in range(4096 // batch)])


def mlp_ae(n):
    sizes = [784, 512, 256, 2, 256, 512, 784]
    weights = [n.dense_weights(a, b) for a, b in zip(sizes, sizes[1:])]
    between = [n.relu, n.relu, lambda h: h, n.relu, n.relu, n.jax.nn.sigmoid]

    def loss(p, x, _):
        h = x
        for layer, function in zip(p, between):
            h = function(n.dense(layer, h))
        return ((h - x) ** 2).mean()

    return n.training(weights, loss, [n.uniform(128, 784) for _ in range(32)])


def infer(batch):
    def make(n):
        weights, z = [n.dense_weights(20, 400), n.dense_weights(400, 784)], n.jax.random.normal(n.key(), (batch, 20))
        decode = n.jax.jit(lambda p, z: n.jax.nn.sigmoid(n.dense(p[1], n.relu(n.dense(p[0], z)))))
        return lambda: n.jax.block_until_ready(decode(weights, z))

    return make


def small_cnn(n):
    weights = {"a": n.window_weights(4, 1, 32), "b": n.window_weights(4, 32, 64), "out": n.dense_weights(1600, 10)}
    target = n.uniform(128, 10)

    def loss(p, x, _):
        h = n.relu(n.conv(p["b"], n.relu(n.conv(p["a"], x, 2, 0)), 2, 0))
        return ((n.dense(p["out"], h.reshape(128, -1)) - target) ** 2).mean()

    return n.training(weights, loss, [n.uniform(128, 28, 28, 1) for _ in range(8)])


def conv_vae(n):
    weights = {"a": n.window_weights(4, 1, 32), "b": n.window_weights(4, 32, 64), "mu": n.dense_weights(3136, 16),
               "logvar": n.dense_weights(3136, 16), "up": n.dense_weights(16, 3136), "c": n.window_weights(4, 64, 32),
               "d": n.window_weights(4, 32, 1)}

    def loss(p, x, key):
        h = n.relu(n.conv(p["b"], n.relu(n.conv(p["a"], x, 2, 1)), 2, 1)).reshape(128, -1)
        mu, logvar = n.dense(p["mu"], h), n.dense(p["logvar"], h)
        h = n.relu(n.dense(p["up"], n.sampled(mu, logvar, key))).reshape(128, 7, 7, 64)
        logits = n.conv_transpose(p["d"], n.relu(n.conv_transpose(p["c"], h, 2, 1)), 2, 1)
        return n.bernoulli_nll(logits, x).sum() + n.kl(mu, logvar)

    return n.training(weights, loss, [n.uniform(128, 28, 28, 1) for _ in range(16)])


def dcgan(batch, size, channels, colours):
    def make(n):
        up = channels[::-1]
        g = {"first": n.dense_weights(100, 16 * up[0]), "norms": [n.norm_weights(c) for c in up],
             "up": [n.window_weights(4, a, b) for a, b in zip(up, up[1:])], "last": n.window_weights(4, up[-1], colours)}
        d = {"first": n.window_weights(4, colours, channels[0]), "norms": [n.norm_weights(c) for c in channels[1:]],
             "down": [n.window_weights(4, a, b) for a, b in zip(channels, channels[1:])], "last": n.dense_weights(16 * channels[-1], 1)}

        def generated(p, z):
            h = n.relu(n.batch_norm(p["norms"][0], n.dense(p["first"], z).reshape(batch, 4, 4, up[0])))
            for layer, norm in zip(p["up"], p["norms"][1:]):
                h = n.relu(n.batch_norm(norm, n.conv_transpose(layer, h, 2, 1)))
            return n.np.tanh(n.conv_transpose(p["last"], h, 2, 1))

        def judged(p, x):
            h = n.leaky_relu(n.conv(p["first"], x, 2, 1))
            for layer, norm in zip(p["down"], p["norms"]):
                h = n.leaky_relu(n.batch_norm(norm, n.conv(layer, h, 2, 1)))
            return n.dense(p["last"], h.reshape(batch, -1))[:, 0]

        def step(g, d, state_g, state_d, x, key):
            key, own = n.jax.random.split(key)
            z = n.jax.random.normal(own, (batch, 100))
            fake, to_weights = n.jax.vjp(lambda p: generated(p, z), g)
            grads = n.jax.grad(lambda p: n.bernoulli_nll(judged(p, x), 1.0).mean() +
                               n.bernoulli_nll(judged(p, n.lax.stop_gradient(fake)), 0.0).mean())(d)
            d, state_d = n.adam(d, grads, state_d, 2e-4, 0.5)
            pull = n.jax.grad(lambda f: n.bernoulli_nll(judged(d, f), 1.0).mean())(fake)
            g, state_g = n.adam(g, to_weights(pull)[0], state_g, 2e-4, 0.5)
            return g, d, state_g, state_d, key

        data = [n.uniform(batch, size, size, colours, low=-1.0) for _ in range(8)]
        return n.repeated(step, [g, d, n.adam_state(g), n.adam_state(d), n.key()], data, donated=(0, 1, 2, 3))

    return make


def cyclegan64(batch):
    def make(n):
        def translator_weights():
            w = n.window_weights
            return {"stem": w(7, 3, 32), "down": [w(3, 32, 64), w(3, 64, 128)], "up": [w(3, 128, 64), w(3, 64, 32)], "out": w(7, 32, 3),
                    "blocks": [(w(3, 128, 128), w(3, 128, 128)) for _ in range(6)]}

        def judge_weights():
            return [n.window_weights(4, a, b) for a, b in ((3, 64), (64, 128), (128, 256), (256, 1))]

        def translated(p, x):
            h = n.relu(n.instance_norm(n.conv(p["stem"], n.reflected(x, 3), 1, 0)))
            for layer in p["down"]:
                h = n.relu(n.instance_norm(n.conv(layer, h, 2, 1)))
            for first, second in p["blocks"]:
                inner = n.relu(n.instance_norm(n.conv(first, n.reflected(h, 1), 1, 0)))
                h = h + n.instance_norm(n.conv(second, n.reflected(inner, 1), 1, 0))
            for layer in p["up"]:
                h = n.relu(n.instance_norm(n.conv_transpose(layer, h, 2, 1, 1)))
            return n.np.tanh(n.conv(p["out"], n.reflected(h, 3), 1, 0))

        def judged(p, x):
            h = n.leaky_relu(n.conv(p[0], x, 2, 1))
            for layer in p[1:3]:
                h = n.leaky_relu(n.instance_norm(n.conv(layer, h, 2, 1)))
            return n.conv(p[3], h, 1, 1)

        def l1(a, b):
            return n.np.abs(a - b).mean()

        def squares(answer, target):
            return ((answer - target) ** 2).mean()

        def g_loss(g, d, a, b):
            fake_b, fake_a = translated(g[0], a), translated(g[1], b)
            cycle = l1(translated(g[1], fake_b), a) + l1(translated(g[0], fake_a), b)
            same = l1(translated(g[0], b), b) + l1(translated(g[1], a), a)
            return 5 * same + squares(judged(d[0], fake_b), 1.0) + squares(judged(d[1], fake_a), 1.0) + 10 * cycle, (fake_a, fake_b)

        def d_loss(d, a, b, fake_a, fake_b):
            return 0.5 * (squares(judged(d[0], b), 1.0) + squares(judged(d[0], fake_b), 0.0) +
                          squares(judged(d[1], a), 1.0) + squares(judged(d[1], fake_a), 0.0))

        def step(g, d, state_g, state_d, pair, key):
            grads, (fake_a, fake_b) = n.jax.grad(g_loss, has_aux=True)(g, d, *pair)
            g, state_g = n.adam(g, grads, state_g, 2e-4, 0.5)
            d, state_d = n.adam(d, n.jax.grad(d_loss)(d, *pair, fake_a, fake_b), state_d, 2e-4, 0.5)
            return g, d, state_g, state_d, key

        g, d = [translator_weights(), translator_weights()], [judge_weights(), judge_weights()]
        pairs = [tuple(n.uniform(batch, 64, 64, 3, low=-1.0) for _ in range(2)) for _ in range(8)]
        return n.repeated(step, [g, d, n.adam_state(g), n.adam_state(d), n.key()], pairs, donated=(0, 1, 2, 3))

    return make


MAKERS = {"mlp_vae": mlp_vae, "mlp_ae": mlp_ae, "infer_b1": infer(1), "infer_b1024": infer(1024), "small_cnn": small_cnn, "conv_vae": conv_vae,
          "dcgan32": dcgan(64, 32, [64, 128, 256], 1), "dcgan64": dcgan(32, 64, [64, 128, 256, 512], 3),
          "cyclegan64_b1": cyclegan64(1), "cyclegan64_b4": cyclegan64(4)}


def maker_of(name):
    """The function that makes a case of these networks; None for a case that JAX does not have."""
    if batch := peer_torch.number_after("mlp_vae_b", name):
        return lambda n: mlp_vae(n, batch)
    if c := peer_torch.number_after("dcgan32_c", name):
        return dcgan(64, 32, [c, 2 * c, 4 * c], 1)
    return MAKERS.get(name)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--startup", action="store_true", help="run one training step and exit")
    options = parser.parse_args()
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    if hasattr(os, "sched_setaffinity"):  # XLA starts one thread per processor that it may use
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:options.threads])
    import jax

    if options.startup:
        mlp_vae(Networks())()
        return

    def make(name):
        maker = maker_of(name)
        if not maker:
            return None
        step = maker(Networks())
        step()  # compiles
        return step

    peer_torch.answer_all(make, jax.__version__)


if __name__ == "__main__":
    main()
