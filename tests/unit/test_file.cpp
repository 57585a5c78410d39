#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "gradus/base/file.hpp"
#include "helpers.hpp"

using namespace gradus;

TEST_CASE("file: a lock has one holder at a time, and the others are told that they wait") {
  const Folder folder;
  std::atomic<int> holders = 0, most = 0, waits = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      const FileLock lock(folder / "lock", [&] { ++waits; });
      most = std::max(most.load(), ++holders);
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      --holders;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(most == 1);
  CHECK(waits >= 1);
  const FileLock free(folder / "lock", [&] { FAIL("the lock has no holder"); });
}

TEST_CASE("file: a lock that cannot be written is named") {
  const Folder folder;
  CHECK(contains(message([&] { const FileLock lock(folder / "missing" / "lock"); }),
                 {"missing/lock: cannot be written", "No such file"}));
}
