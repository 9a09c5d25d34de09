// What compilers and libraries want of a program without an operating system. None of it is ever reached:
// the agent frees nothing, ends never and calls no pure virtual function.
#include <cstddef>
#include <cstdint>
#include <new>

#include "device-agent/core/port.h"

using slmrig::agent::port::fault;

extern "C" {

void* __dso_handle = nullptr;

[[noreturn]] void __cxa_pure_virtual() { fault("pure virtual call", 0); }
[[noreturn]] void abort() { fault("abort", 0); }
[[noreturn]] void __assert_func(const char* file, int line, const char*, const char*) {
  fault(file, static_cast<uint32_t>(line));
}

}  // extern "C"

// FlatBuffers' default allocator and the deleting destructors refer to these; its builder here works in a
// static block. That no malloc is linked is what keeps the heap out: there is no _sbrk to give it memory.
void* operator new(std::size_t) { fault("operator new", 0); }
void* operator new[](std::size_t) { fault("operator new", 0); }
void operator delete[](void*) noexcept { fault("operator delete", 0); }
void operator delete[](void*, std::size_t) noexcept { fault("operator delete", 0); }
void operator delete(void*) noexcept { fault("operator delete", 0); }
void operator delete(void*, std::size_t) noexcept { fault("operator delete", 0); }
