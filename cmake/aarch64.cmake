# Builds for 64-bit ARM on another machine, with Debian's packages g++-aarch64-linux-gnu, qemu-user-static and the libraries of
# architecture arm64 (make deps PURPOSE=aarch64). They have folders of their own beside those of this machine.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static)
