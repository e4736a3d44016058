// Where the system says that memory comes from.
#pragma once

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>

namespace vignette {

// The line of /proc/self/maps that an address lies in.
inline std::string mapping_of(const void* address) {
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        std::uintptr_t begin = 0;
        std::uintptr_t end = 0;
        char dash = 0;
        std::istringstream(line) >> std::hex >> begin >> dash >> end;
        const auto place = reinterpret_cast<std::uintptr_t>(address);
        if (begin <= place && place < end) return line;
    }
    return {};
}

}  // namespace vignette
