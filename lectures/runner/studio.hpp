#pragma once
// The studio on the pages of the lessons.
#include <filesystem>
#include <string>

#include "runner/results.hpp"

namespace gradus::lecture {

/// The address of the studio's page, relative to the book's folder; "" when `make studio` has not written it.
/// Beside other results (MINE=1), the studio with the student's files comes first.
std::string studio_page(const Folders& folders);

/// For each panel of studio/studio.json that lists `place` in its "book": a link to the panel and a folded
/// frame, which book.js loads when it is opened; without the studio's page, the command that writes it.
/// `place` is "3_variational.html#11_vae"; an entry may add settings: "3_variational.html#11_vae?beta=4".
/// Throws Error when the list of panels is not in this form.
std::string studio_boxes(const std::filesystem::path& root, const Folders& folders, const std::string& place);

}  // namespace gradus::lecture
