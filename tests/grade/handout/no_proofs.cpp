// A students' copy has no solutions, so it cannot run proofs or make a hand-out.
#include "handout.hpp"
#include "prove.hpp"

namespace gradus::grade {

int prove_command(std::ostream&, const std::vector<Exercise>&, const Toolchain&, const ProveOptions&,
                  const std::string&) {
  throw Error("prove: this copy has no solutions to prove");
}
void generate_class(const std::filesystem::path&, const std::vector<const Exercise*>&,
                    const std::filesystem::path&, std::size_t, bool) {
  throw Error("generate: this copy has no solutions to make a class of");
}
int handout_command(const Project&, const std::filesystem::path&) {
  throw Error("handout: this copy is already a hand-out");
}
int autograder_command(const Project&, const std::filesystem::path&) {
  throw Error("autograder: this copy has no checks to grade with");
}

}  // namespace gradus::grade
