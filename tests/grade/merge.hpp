#pragma once
// Joins the journals of a class that was graded in parts.
#include "classroom.hpp"

namespace gradus::grade {

/// Writes the same tables as one run of the whole class: a journal contributes its results of the current
/// submissions, so the order of the journals, repeated parts and interrupted parts do not matter. The results
/// are also appended to the class's own journal, for --regrade and for later runs. A result that was regraded
/// there takes precedence over those of the parts.
/// Students without a result, or with two that differ, are REVIEW; a sentence names the parts to run again.
/// Throws Error when the results come from different graders, course keys or sandbox levels, or from another
/// version of the course.
/// `journals`: files, or folders that contain a journal.jsonl; empty: those in parts/.
int merge_command(const Project& project, const ClassCommand& command,
                  const std::vector<std::filesystem::path>& journals);

}  // namespace gradus::grade
