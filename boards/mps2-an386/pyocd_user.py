"""pyOCD user script (--script) for the emulated board behind the virtual debug probe: its memory regions, and the flash
algorithm by which "code" (the agent) and "psram" (the model image) are written.

The algorithm is compiled with the firmware from flash_algorithm.c; `./dev build` makes it.
"""
import json
from pathlib import Path

from elftools.elf.elffile import ELFFile
from pyocd.core.memory_map import FlashRegion, RamRegion

BOARD = Path(__file__).resolve().parent
ALGORITHM = BOARD.parent.parent / "build/firmware" / BOARD.name / "flash_algorithm.elf"

SECTOR_BYTES = 0x10000  # as in flash_algorithm.c
BKPT_AND_LOOP = 0xE00ABE00  # where the algorithm's functions return to

# Places in the memory region "data", from its beginning.
STACK_END, STACK_BEGIN = 0x1000, 0x1800
ANALYZER = 0x8000
BUFFERS = (0x10000, 0x20000)


def memory_regions():
    regions = json.loads((BOARD / "board.json").read_text())["memory"]["regions"]
    return {region["name"]: (int(region["address"], 16), region["bytes"]) for region in regions}


def flash_algorithm(ram):
    """In the form of pyocd.flash.flash.Flash."""
    if not ALGORITHM.is_file():
        raise RuntimeError(f"{ALGORITHM} is missing; run ./dev build")
    with ALGORITHM.open("rb") as file:
        elf = ELFFile(file)
        code = elf.get_section_by_name(".text").data()
        address = {symbol.name: symbol["st_value"] for symbol in elf.get_section_by_name(".symtab").iter_symbols()}
    code += bytes(-len(code) % 4)
    words = [int.from_bytes(code[i : i + 4], "little") for i in range(0, len(code), 4)]

    def entry(name):
        return (ram + 4 + address[name]) | 1

    return {
        "load_address": ram,
        "instructions": [BKPT_AND_LOOP] + words,
        "pc_init": entry("Init"),
        "pc_unInit": entry("UnInit"),
        "pc_erase_sector": entry("EraseSector"),
        "pc_program_page": entry("ProgramPage"),
        "static_base": ram + STACK_END,
        "end_stack": ram + STACK_END,
        "begin_stack": ram + STACK_BEGIN,
        "begin_data": ram + BUFFERS[0],
        "page_buffers": [ram + offset for offset in BUFFERS],
        "page_size": SECTOR_BYTES,
        "min_program_length": 4,
        "analyzer_supported": True,
        "analyzer_address": ram + ANALYZER,
    }


def will_connect(board):
    regions = memory_regions()
    ram, ram_bytes = regions["data"]
    memory_map = board.target.memory_map
    for region in list(memory_map.regions):
        memory_map.remove_region(region)
    for name in ("code", "psram"):
        start, size = regions[name]
        memory_map.add_region(
            FlashRegion(
                name=name,
                start=start,
                length=size,
                sector_size=SECTOR_BYTES,
                page_size=SECTOR_BYTES,
                phrase_size=4,
                erased_byte_value=0xFF,
                is_boot_memory=name == "code",
                algo=flash_algorithm(ram),
            )
        )
    memory_map.add_region(RamRegion(name="data", start=ram, length=ram_bytes, access="rwx", is_default=True))
