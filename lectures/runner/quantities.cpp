#include "runner/quantities.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <array>

namespace gradus::lecture {
namespace {

using enum Quantity::Better;

struct Rule {
  const char* pattern;  ///< of "program/figure", with * for any characters
  Quantity quantity;
};

// The first rule whose pattern fits holds: those of single programs come first.
constexpr std::array rules{
    // counts and times
    Rule{"*_samples", {"", neither}},
    Rule{"*/pairs", {"", neither}},
    Rule{"*seconds_per_1000", {"s", lower}},
    Rule{"*_seconds", {"s", lower}},
    // ratios: an error divided by that of another method, unless named here
    Rule{"*/jump_ratio", {"", neither}},
    Rule{"*/variance_ratio", {"", neither}},
    Rule{"*ratio", {"", lower}},
    // part 1
    Rule{"01_*/kmeans_rounds*", {"", neither}},
    Rule{"01_*/kmeans_*", {"", higher}},
    Rule{"01_*/perplexity_*", {"", lower}},
    Rule{"02_*/*best_components", {"", neither}},
    Rule{"02_*/*entropy", {"nats", neither}},
    Rule{"02_*/em_largest_fall_nats", {"nats", lower}},
    Rule{"02_*/em_gap_nats", {"nats", lower}},
    Rule{"02_*/excess_nats", {"nats", lower}},
    Rule{"02_*nats*", {"nats", higher}},
    Rule{"02_*/k_means_agreement", {"", higher}},
    Rule{"03_*/mirror_r2_*", {"", neither}},
    // part 2
    Rule{"*/five_points_variance_kept", {"", higher}},
    Rule{"05_*/cosine_*", {"", higher}},
    Rule{"06_*/digits_kept_*", {"of 100", higher}},
    Rule{"07_*/copies_*", {"", lower}},
    // part 3
    Rule{"08_*/fit_sd_*", {"", neither}},
    Rule{"08_*/gan_identity_error", {"", lower}},
    Rule{"09_*/gap_*", {"nats", lower}},
    Rule{"09_*/elbo_plus_kl_minus_log_evidence", {"nats", lower}},
    Rule{"09_*/useless_decoder_kl", {"nats", neither}},
    Rule{"10_*/mu_gradient_*", {"", neither}},
    Rule{"10_*/*_variance", {"", lower}},
    Rule{"11_*/iw_bound_deviation_*", {"nats", lower}},
    Rule{"11_*/iw_bound_*", {"nats", higher}},
    Rule{"11_*/test_reconstruction", {"nats", lower}},
    Rule{"12_*/frey_bound", {"nats", higher}},
    Rule{"12_*/frey_sigma", {"", neither}},
    Rule{"13_*/classes_from_prior_*", {"of 10", higher}},
    Rule{"12_*/manifold_classes", {"of 10", higher}},
    Rule{"13_*/jump_*", {"", lower}},
    Rule{"13_*/code_*", {"", neither}},
    Rule{"13_*/sigma_over_spread_*", {"", neither}},
    Rule{"14_*/used_units_worst_difference", {"", lower}},
    Rule{"15_*/dead_rows_move", {"", lower}},
    Rule{"16_*_spearman_*", {"", higher}},
    Rule{"16_*/turn_change_*", {"sd", neither}},
    Rule{"16_*/smile_change_*", {"sd", lower}},
    Rule{"*_rank_correlation", {"", higher}},
    Rule{"18_*_leakage_sd", {"sd", lower}},
    Rule{"18_*_response_sd", {"sd", higher}},
    Rule{"18_*r2_*", {"", higher}},
    // part 4
    Rule{"19_*/worst_group_*", {"", higher}},
    Rule{"19_*_worst", {"", higher}},
    Rule{"19_*/*dark_mass*", {"", neither}},
    Rule{"19_*/fault_constant_found", {"", neither}},
    Rule{"19_*/fault_deviation_kl_*", {"nats", neither}},
    Rule{"19_*/lab_*found_of_20", {"of 20", higher}},
    Rule{"19_*/real_*_found_of_20", {"of 20", higher}},
    Rule{"19_*/real_*_light", {"", higher}},
    Rule{"19_*/real_*_dark", {"", higher}},
    Rule{"20_*/fpr95_*", {"", lower}},
    Rule{"20_*/*", {"", higher}},  // areas under the ROC curve
    Rule{"21_*/rare_share_drawn", {"", neither}},
    Rule{"21_*/brake_calibration_error_*", {"", lower}},
    // part 5
    Rule{"22_*/mean_1d", {"", neither}},
    Rule{"22_*/d_distance_from_half", {"", lower}},
    Rule{"22_*/bimodal_both*", {"", higher}},
    Rule{"23_*/value_p_*", {"nats", neither}},
    Rule{"23_*/*_gradient_*", {"", neither}},
    Rule{"23_*/believed_*", {"", neither}},
    Rule{"23_*/largest_excess_over_js", {"nats", lower}},
    Rule{"23_*/?_loss_at_optimum", {"nats", neither}},
    Rule{"24_*_modes*", {"of 8", higher}},
    Rule{"25_*_modes", {"of 10", higher}},
    Rule{"27_*/*_class_kept", {"", higher}},
    Rule{"27_*/inversion_z_length", {"", neither}},
    Rule{"29_*/worst_digit", {"", neither}},
    // part 6
    Rule{"30_*/p2p_grey_*", {"", neither}},
    Rule{"31_*/plane_cycle", {"", lower}},
    Rule{"31_*/plane_*", {"", higher}},
    Rule{"31_*_iou*", {"", higher}},
    Rule{"31_*/usps_content_kept", {"", higher}},
    Rule{"31_*/*_as_*", {"", higher}},
    Rule{"32_*/griffin_lim_*", {"", lower}},
    Rule{"32_*_pitch_*", {"Hz", neither}},
    Rule{"32_*_distance_*", {"dB", lower}},
    Rule{"32_*_cycle_l1", {"", lower}},
    Rule{"32_*", {"", higher}},  // shares that a judge finds right
    // part 7
    Rule{"33_*/flow_integral", {"", neither}},
    Rule{"3[3-6]_*_modes", {"of 8", higher}},
    Rule{"33_*nats*", {"nats", lower}},
    Rule{"33_*/black_bits", {"bits per pixel", neither}},
    Rule{"*_bits", {"bits per pixel", lower}},
    Rule{"34_*_quality", {"", higher}},
    Rule{"34_*/labelled_*", {"", higher}},
    Rule{"*_told_from_codes", {"", neither}},  // 1/2 is best
    Rule{"36_*_half_way", {"", higher}},
    Rule{"36_*/table*", {"", neither}},
    Rule{"37_*/machine_finds*", {"", neither}},  // 1/2 is best
    Rule{"38_*gan_*_modes", {"of 8", higher}},
    Rule{"38_*/diffusion_*_loss", {"", lower}},
    // quantities of several programs
    Rule{"*_high_quality*", {"", higher}},
    Rule{"*sq_error*", {"", lower}},
    Rule{"*_rmse", {"", lower}},
    Rule{"*/fid_*", {"", lower}},
    Rule{"*_fid*", {"", lower}},
    Rule{"*_is", {"", higher}},
    Rule{"*_precision", {"", higher}},
    Rule{"*_recall", {"", higher}},
    Rule{"*_density", {"", higher}},
    Rule{"*_coverage", {"", higher}},
    Rule{"*_sure", {"", higher}},
    Rule{"*false_positive*", {"", lower}},
    Rule{"*accuracy*", {"", higher}},
    Rule{"*auroc*", {"", higher}},
    Rule{"*_correlation", {"", higher}},
    Rule{"*/code_sd_*", {"", neither}},
    Rule{"*_ssim_*", {"", higher}},
    Rule{"*_l1*", {"", lower}},
    Rule{"*w1_*", {"", lower}},
    Rule{"*_w1*", {"", lower}},
    Rule{"*mig*", {"", higher}},
    Rule{"*neg_elbo", {"nats", lower}},
    Rule{"*_nll", {"nats", lower}},
    Rule{"*_elbo", {"nats", higher}},
    Rule{"*/active_*", {"", neither}},
    Rule{"*_active_units", {"", neither}},
    Rule{"*/kl*", {"nats", neither}},
    Rule{"*_kl", {"nats", neither}},
    Rule{"*/js_at_*", {"nats", neither}},
    Rule{"*/learned_js_at_*", {"nats", neither}},
    Rule{"*?_loss", {"", neither}},
    Rule{"*_error", {"", lower}},
};

}  // namespace

Quantity quantity_of(const std::string& program, const std::string& name) {
  const std::string whole = program + "/" + name;
  const auto* rule = std::find_if(rules.begin(), rules.end(), [&](const Rule& one) {
    return fnmatch(one.pattern, whole.c_str(), 0) == 0;
  });
  return rule == rules.end() ? Quantity{} : rule->quantity;
}

std::string_view words_of(Quantity::Better better) {
  switch (better) {
    case neither:
      return "–";
    case lower:
      return "lower is better";
    case higher:
      return "higher is better";
    case unknown:
      break;
  }
  return "";
}

}  // namespace gradus::lecture
