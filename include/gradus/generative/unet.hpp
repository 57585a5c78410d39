#pragma once
// A small U-Net for diffusion and flow matching: images in, images of the same size out, with time and label.
#include <memory>
#include <vector>

#include "gradus/nn/layers.hpp"

namespace gradus {

/// Options of a Unet.
struct UnetOptions {
  Index channels = 1;      ///< of the image
  Index width = 32;        ///< channels at the full inner resolution; twice as many at half of it
  Index stem_stride = 2;   ///< 2: the inner resolution is half of the image's; 1: equal to it
  Index time = 64;         ///< size of the embedding of time and label
  Index groups = 8;        ///< of the group norms
  Index classes = 0;       ///< above 0: labels 0 .. classes - 1, and `classes` for no label
  bool attention = false;  ///< between all pixels at the lowest resolution
};

/// silu(group norm) - conv 3x3 - + linear(embedding) per channel - silu(group norm) - conv 3x3, added to the
/// input. He, Zhang, Ren, Sun 2016; the order of Ho et al. 2020.
struct UnetBlock : Module {
  UnetBlock(Module& parent, const std::string& name, Index width, const UnetOptions& options);
  /// x [B, H, W, C], embedding [B, E] -> [B, H, W, C].
  Var operator()(const Var& x, const Var& embedding);

  GroupNorm norm1;  ///< of x
  Conv2d conv1;     ///< 3x3
  Linear time;      ///< embedding -> one number per channel
  GroupNorm norm2;  ///< of the sum
  Conv2d conv2;     ///< 3x3; its result is added to x
};

/// Every pixel reads from all pixels, added to the input. Vaswani et al. 2017, one head.
struct UnetAttention : Module {
  UnetAttention(Module& parent, const std::string& name, Index width, const UnetOptions& options);
  /// x [B, H, W, C] -> [B, H, W, C].
  Var operator()(const Var& x);

  GroupNorm norm;                 ///< of x
  Conv2d query, key, value, out;  ///< 1x1: one linear layer for all pixels
};

/// x [B, H, W, C], t [B] in [0, 1] -> [B, H, W, C]; H and W divisible by 2 stem_stride:
///
///   stem - block ------------------------------------- concat - 1x1 - block - out
///             down - block - (attention) - block - up ---'
///
/// No norm and no silu before the last layer: the noise of x reaches it through additions alone, and
/// predicted noise is mostly a copy of it. The last layer starts at 0, and so does the output. The vectors of
/// the labels start as N(0, 1/4). Ronneberger, Fischer, Brox 2015; Ho, Jain, Abbeel 2020.
/// Throws Error when H or W is not divisible by 2 stem_stride, t is not [B], or there are labels but no
/// classes or not B labels.
class Unet : public Module {
 public:
  /// Throws Error unless stem_stride is 1 or 2, the groups divide the width, and the time size is even.
  Unet(Rng& random, const UnetOptions& options_in);
  /// `labels`: B numbers in 0 .. classes, where `classes` is "no label"; empty means no label for all.
  /// Without classes it must be empty.
  Var operator()(const Var& x, const Tensor& t, const std::vector<int>& labels = {});

  UnetOptions options;  ///< as given

 private:
  Var embedding(const Tensor& t, const std::vector<int>& labels);

  Linear time_;
  Parameter label_table_;  // [classes + 1, time]; empty without classes
  Conv2d stem_;
  UnetBlock before_;
  Conv2d down_;
  UnetBlock low1_;
  std::unique_ptr<UnetAttention> attention_;
  UnetBlock low2_;
  Conv2d up_, mix_;
  UnetBlock after_;
  ConvTranspose2d out_;
};

}  // namespace gradus
