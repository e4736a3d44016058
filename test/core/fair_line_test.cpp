#include "core/fair_line.h"

#include <gtest/gtest.h>

#include <string>

namespace vignette {
namespace {

std::string drained(FairLine<char>& line) {
    std::string order;
    while (!line.empty()) order += line.pop();
    return order;
}

TEST(FairLine, JobsTakeTurnsAndWithinAJobTheFirstIsFirst) {
    FairLine<char> line;
    for (const char one : {'a', 'b', 'c', 'd'}) line.add({"large"}, one);
    line.add({"small"}, '1');
    line.add({"other"}, 'x');
    line.add({"other"}, 'y');
    EXPECT_EQ(drained(line), "a1xbycd");
}

TEST(FairLine, AJobThatComesBackGoesToTheEnd) {
    FairLine<char> line;
    line.add({"first"}, 'a');
    line.add({"second"}, 'b');
    EXPECT_EQ(line.pop(), 'a');
    line.add({"first"}, 'c');
    EXPECT_EQ(drained(line), "bc");
}

TEST(FairLine, WhatIsTakenOutIsNeverServed) {
    FairLine<char> line;
    for (const char one : {'a', 'b'}) line.add({"job"}, one);
    line.add({"alone"}, 'x');
    line.remove('x');
    line.remove('a');
    line.remove('z');
    EXPECT_EQ(drained(line), "b");
}

}  // namespace
}  // namespace vignette
