#include "harness/deploy/agent_file.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/base/sha256.h"
#include "harness/base/utf8.h"

namespace slmrig::deploy {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

using Bytes = std::span<const uint8_t>;

// A copy of the structure at `offset`, or nothing where it would leave the file.
template <typename Structure>
std::optional<Structure> structure_at(Bytes elf, uint64_t offset) {
  if (offset > elf.size() || elf.size() - offset < sizeof(Structure)) return std::nullopt;
  Structure copy;
  std::memcpy(&copy, elf.data() + offset, sizeof copy);
  return copy;
}

tl::unexpected<base::Error> broken(std::string_view what) {
  return fail(ErrorCode::kBadInput, fmt::format("not a usable agent: {}", what));
}

// Notes are 4-byte aligned: sizes of name and description, type, name, description.
std::string build_id_in(Bytes notes) {
  uint64_t at = 0;
  while (const auto header = structure_at<Elf32_Nhdr>(notes, at)) {
    const uint64_t name_at = at + sizeof *header;
    const uint64_t description_at = name_at + (uint64_t{header->n_namesz} + 3) / 4 * 4;
    const uint64_t next = description_at + (uint64_t{header->n_descsz} + 3) / 4 * 4;
    if (description_at + header->n_descsz > notes.size()) return {};
    const bool gnu = header->n_namesz == 4 && std::memcmp(notes.data() + name_at, "GNU", 4) == 0;
    if (gnu && header->n_type == NT_GNU_BUILD_ID) {
      return base::to_hex(notes.subspan(description_at, header->n_descsz));
    }
    at = next;
  }
  return {};
}

// The text at `offset`, up to its NUL or the end.
std::string_view text_at(Bytes bytes, uint64_t offset) {
  if (offset >= bytes.size()) return {};
  const auto* begin = reinterpret_cast<const char*>(bytes.data()) + offset;
  return {begin, ::strnlen(begin, bytes.size() - offset)};
}

// What a section holds; empty where it leaves the file.
template <typename Section>
Bytes content_of(Bytes elf, const Section& section) {
  if (section.sh_offset > elf.size() || elf.size() - section.sh_offset < section.sh_size) return {};
  return elf.subspan(section.sh_offset, section.sh_size);
}

// "GNU C++17 12.2.0 -mcpu=cortex-m4 -Os": the compiler, and its flags after the first blank and dash.
void read_command_line(std::string_view line, rig::AgentFacts& facts) {
  constexpr std::size_t kMostBytes = 2000;
  std::string text = base::make_valid_utf8(line.substr(0, kMostBytes));
  const std::size_t flags = text.find(" -");
  facts.compiler = text.substr(0, flags);
  if (flags != std::string::npos) facts.compiler_flags = text.substr(flags + 1);
}

std::string machine_name(uint16_t machine) {
  switch (machine) {
    case EM_X86_64: return "x86_64";
    case EM_AARCH64: return "aarch64";
    case EM_ARM: return "arm";
    case EM_RISCV: return "riscv64";
    default: return "";
  }
}

template <typename Header, typename Section>
Result<rig::AgentFacts> read_sections(Bytes elf) {
  const auto header = structure_at<Header>(elf, 0);
  if (!header) return broken("it is shorter than an ELF header");
  if (header->e_shentsize != sizeof(Section)) return broken("its section table has entries of another size");
  const auto names_header =
      structure_at<Section>(elf, header->e_shoff + uint64_t{header->e_shstrndx} * sizeof(Section));
  const Bytes names = names_header ? content_of(elf, *names_header) : Bytes{};
  rig::AgentFacts facts;
  facts.machine = machine_name(header->e_machine);
  for (uint64_t i = 0; i < header->e_shnum; ++i) {
    const auto section = structure_at<Section>(elf, header->e_shoff + i * sizeof(Section));
    if (!section) return broken("its section table leaves the file");
    const bool in_file = section->sh_type != SHT_NOBITS;
    if (in_file && (section->sh_offset > elf.size() || elf.size() - section->sh_offset < section->sh_size)) {
      return broken("a section leaves the file");
    }
    if (section->sh_type == SHT_NOTE && facts.build_id.empty()) {
      facts.build_id = build_id_in(elf.subspan(section->sh_offset, section->sh_size));
    }
    if (in_file && facts.compiler.empty() && text_at(names, section->sh_name) == ".GCC.command.line") {
      read_command_line(text_at(content_of(elf, *section), 0), facts);
    }
    if ((section->sh_flags & SHF_ALLOC) == 0) continue;
    const bool written = (section->sh_flags & SHF_WRITE) != 0;
    (!in_file ? facts.bss_bytes : written ? facts.data_bytes : facts.text_bytes) += section->sh_size;
  }
  if (facts.build_id.empty()) return broken("it has no GNU build id; link it with -Wl,--build-id=sha1");
  return facts;
}

template <typename Header, typename Segment>
Result<std::vector<MemoryPiece>> read_segments(Bytes elf) {
  const auto header = structure_at<Header>(elf, 0);
  if (!header) return broken("it is shorter than an ELF header");
  if (header->e_phentsize != sizeof(Segment)) return broken("its program headers have another size");
  std::vector<MemoryPiece> pieces;
  for (uint64_t i = 0; i < header->e_phnum; ++i) {
    const auto segment = structure_at<Segment>(elf, header->e_phoff + i * sizeof(Segment));
    if (!segment) return broken("its program headers leave the file");
    if (segment->p_type != PT_LOAD || segment->p_filesz == 0) continue;
    if (segment->p_offset > elf.size() || elf.size() - segment->p_offset < segment->p_filesz) {
      return broken("a segment leaves the file");
    }
    const Bytes content = elf.subspan(segment->p_offset, segment->p_filesz);
    pieces.push_back({segment->p_paddr, {content.begin(), content.end()}});
  }
  if (pieces.empty()) return broken("it holds nothing to write into a board's memory");
  return pieces;
}

}  // namespace

Result<std::vector<MemoryPiece>> read_loaded_pieces(Bytes elf) {
  SLMRIG_TRY(read_elf(elf));
  if (elf[EI_CLASS] == ELFCLASS32) return read_segments<Elf32_Ehdr, Elf32_Phdr>(elf);
  return read_segments<Elf64_Ehdr, Elf64_Phdr>(elf);
}

Result<rig::AgentFacts> read_elf(Bytes elf) {
  const bool known = elf.size() > EI_NIDENT && std::memcmp(elf.data(), ELFMAG, SELFMAG) == 0;
  if (!known) return broken("it is no ELF file");
  if (elf[EI_DATA] != ELFDATA2LSB) return broken("it is not little-endian");
  if (elf[EI_CLASS] == ELFCLASS32) return read_sections<Elf32_Ehdr, Elf32_Shdr>(elf);
  if (elf[EI_CLASS] == ELFCLASS64) return read_sections<Elf64_Ehdr, Elf64_Shdr>(elf);
  return broken("it is neither of 32 nor of 64 bits");
}

Result<rig::AgentFacts> read_agent_file(const std::filesystem::path& file) {
  auto bytes = base::read_bytes(file);
  if (!bytes) {
    base::Error error = bytes.error();
    error.message += "; build the agent with ./dev build";
    return tl::unexpected(error);
  }
  auto facts = read_elf(*bytes);
  if (!facts) return tl::unexpected(base::within(file.string(), facts.error()));
  facts->file = file.string();
  facts->sha256 = base::sha256_hex(*bytes);
  return facts;
}

}  // namespace slmrig::deploy
