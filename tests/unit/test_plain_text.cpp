// Plain text: letters, and the messages for files that are no text.
#include <string>

#include "1_learning/text_pairs.hpp"
#include "gradus/base/file.hpp"
#include "gradus/data/formats/plain_text.hpp"
#include "helpers.hpp"

using namespace gradus;

namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
PlainText text_of(const std::string& text) { return parse_text(bytes_of(text), "t.md"); }
std::string error_of(const std::string& text) {
  return message([&] { text_of(text); });
}

}  // namespace

TEST_CASE("text: letters are code points, the alphabet is sorted") {
  const PlainText text = text_of(
      "abba\xc3\xa9\n\xe2\x86\x92"
      "a\t\xf0\x9f\x98\x90.\n\n");
  CHECK(text.alphabet ==
        std::vector<std::string>{"\t", "\n", ".", "a", "b", "\xc3\xa9", "\xe2\x86\x92", "\xf0\x9f\x98\x90"});
  CHECK(text.letters == std::vector<int>{3, 4, 4, 3, 5, 1, 6, 3, 0, 7, 2});
  CHECK(text.words(1, 6) == "bba\xc3\xa9\n");
  CHECK(text.words(11, 11).empty());
  CHECK(contains(message([&] { text.words(3, 12); }), "of 11"));
  CHECK_THROWS_AS(text.words(4, 3), Error);
}

TEST_CASE("text: byte order mark, CR LF, gzip, several files") {
  CHECK(text_of("\xef\xbb\xbf"
                "a\r\nb")
            .words(0, 3) == "a\nb");
  const std::vector<std::byte> packed = gzip(bytes_of("zip"));
  CHECK(parse_text(packed, "t.gz").letters.size() == 3);
  Folder folder;
  write_file(folder / "1.md", bytes_of("one\n"));
  write_file(folder / "2.md.gz", gzip(bytes_of("two")));
  const PlainText both = read_text({folder / "1.md", folder / "2.md.gz"});
  CHECK(both.words(0, both.letters.size()) == "one\n\ntwo");
  CHECK(read_text({folder / "1.md"}).letters.size() == 3);
  CHECK(contains(message([&] { read_text({folder / "1.md", folder / "3.md"}); }), "3.md"));
  CHECK_THROWS_AS(read_text({}), Error);
}

TEST_CASE("text: what is not text is refused with its place") {
  CHECK(contains(error_of("ab\nc\xff"), {"t.md", "line 2, column 2", "0xff", "not UTF-8"}));
  CHECK(contains(error_of("\xc3"), {"line 1, column 1", "0xc3"}));  // cut off
  CHECK(contains(error_of("a\xc0\xaf"), {"column 2", "0xc0"}));     // overlong
  CHECK(contains(error_of("\xe0\x80\x80"), "0xe0"));                // overlong
  CHECK(contains(error_of("\xed\xa0\x80"), "0xed"));                // surrogate
  CHECK(contains(error_of("\xf4\x90\x80\x80"), "0xf4"));            // above 10FFFF
  CHECK(contains(error_of("\xf0\x80\x80\x80"), "0xf0"));            // overlong
  CHECK(contains(error_of("\xc3\xa9\xc3\xa9\x80"), "column 3"));    // columns count letters
  CHECK(contains(error_of(std::string("a\0b", 3)), {"control character 0x00", "column 2"}));
  CHECK(contains(error_of("ab\xc2\x85"), {"control character 0x85", "column 3"}));
  CHECK(contains(error_of("a\rb"), "0x0d"));
  CHECK(contains(error_of("\x7f"), "0x7f"));
  CHECK(contains(error_of("\xff\xfe"
                          "a"),
                 "UTF-16"));
  CHECK(contains(error_of(" \n"), "no letter"));
}

TEST_CASE("text: the lessons of a project, sorted, without hidden files and tables") {
  const Folder folder;
  for (const char* file : {"lectures/lecture4/2_b/README.md", "lectures/lecture4/slides.md",
                           "exercises/README.md", "lectures/lecture4/1_a/._README.md",
                           "exercises/.ipynb_checkpoints/a.md", "exercises/01_x/relu.cpp"}) {
    std::filesystem::create_directories((folder / file).parent_path());
    write_file(folder / file, bytes_of("a"));
  }
  CHECK(lecture::lesson_files(folder.path) ==
        std::vector<std::filesystem::path>{folder / "exercises/README.md",
                                           folder / "lectures/lecture4/2_b/README.md"});
}
