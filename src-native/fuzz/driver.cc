// Runs the target on damaged copies of seed files, where there is no libFuzzer: case i of seed s is
// the same on every machine, so a run can be taken up where it stopped, and a finding be shown again.
//   fuzz_decode --runs N [--seed S] [--first I] [--save FOLDER] FOLDER_OF_SEEDS...
//   fuzz_decode --replay FILE...
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <csignal>
#include <libdeflate.h>
#include <unistd.h>

#ifdef DEEPFOOL_SANITIZED
#include <sanitizer/common_interface_defs.h>
#endif

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Input = std::vector<uint8_t>;

constexpr unsigned kSecondsPerCase = 60;

// splitmix64.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  size_t below(size_t limit) { return static_cast<size_t>(next() % limit); }

 private:
  uint64_t state_;
};

// What the handlers save when a case does not come to its end.
Input current;
std::string currentName;

void saveCurrent() {
  std::ofstream file(currentName, std::ios::binary);
  file.write(reinterpret_cast<const char*>(current.data()),
             static_cast<std::streamsize>(current.size()));
  std::fprintf(stderr, "saved as %s\n", currentName.c_str());
}

void onSignal(int signal) {
  std::fprintf(stderr, signal == SIGALRM ? "FINDING: takes too long\n" : "FINDING: crash\n");
  saveCurrent();
  _exit(1);
}

void catchFindings() {
  std::signal(SIGALRM, onSignal);
  std::signal(SIGABRT, onSignal);
#ifdef DEEPFOOL_SANITIZED
  __sanitizer_set_death_callback(saveCurrent);
#else
  std::signal(SIGSEGV, onSignal);
#endif
}

Input readWhole(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return Input(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

std::vector<Input> readSeeds(const std::vector<std::string>& folders) {
  std::vector<std::filesystem::path> paths;
  for (const std::string& folder : folders) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.is_regular_file()) paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end(),
            [](const auto& a, const auto& b) { return a.filename() < b.filename(); });
  std::vector<Input> seeds;
  for (const auto& path : paths) seeds.push_back(readWhole(path));
  return seeds;
}

constexpr uint32_t kTelling[] = {0,      1,      2,      7,          8,          16,    0x7f,
                                 0x80,   0xff,   0x100,  0x7fff,     0x8000,     65500, 0xffff,
                                 0x10000, 0xffffff, 0x7fffffff, 0x80000000, 0xffffffff};

void overwriteNumber(Input& input, Random& random) {
  const size_t length = std::size_t{1} << random.below(3);  // 1, 2 or 4 bytes
  if (input.size() < length) return;
  const uint32_t value = kTelling[random.below(std::size(kTelling))];
  const size_t at = random.below(input.size() - length + 1);
  const bool bigEndian = random.below(3) > 0;
  for (size_t i = 0; i < length; i++) {
    const size_t shift = 8 * (bigEndian ? length - 1 - i : i);
    input[at + i] = static_cast<uint8_t>(value >> shift);
  }
}

void insertPart(Input& input, const Input& from, Random& random) {
  if (from.empty()) return;
  const size_t begin = random.below(from.size());
  const size_t length = 1 + random.below(std::min<size_t>(from.size() - begin, 256));
  const Input part(from.begin() + static_cast<ptrdiff_t>(begin),
                   from.begin() + static_cast<ptrdiff_t>(begin + length));
  const size_t at = random.below(input.size() + 1);
  input.insert(input.begin() + static_cast<ptrdiff_t>(at), part.begin(), part.end());
}

void erasePart(Input& input, Random& random) {
  const size_t begin = random.below(input.size());
  const size_t length = 1 + random.below(std::min<size_t>(input.size() - begin, 256));
  input.erase(input.begin() + static_cast<ptrdiff_t>(begin),
              input.begin() + static_cast<ptrdiff_t>(begin + length));
}

void mutateOnce(Input& input, const std::vector<Input>& seeds, Random& random) {
  if (input.empty()) input.push_back(0);
  // Headers decide most: half of the changes fall within the first 64 bytes or so.
  const size_t reach = random.below(2) == 0 ? std::min<size_t>(input.size(), 64) : input.size();
  switch (random.below(8)) {
    case 0: input[random.below(reach)] ^= static_cast<uint8_t>(1u << random.below(8)); break;
    case 1: input[random.below(reach)] = static_cast<uint8_t>(random.next()); break;
    case 2: overwriteNumber(input, random); break;
    case 3: insertPart(input, input, random); break;
    case 4: insertPart(input, seeds[random.below(seeds.size())], random); break;
    case 5: erasePart(input, random); break;
    case 6: input.resize(random.below(input.size() + 1)); break;
    default: {
      const size_t begin = random.below(input.size());
      const size_t length = std::min<size_t>(input.size() - begin, 1 + random.below(16));
      for (size_t i = 0; i < length; i++) input[begin + i] = static_cast<uint8_t>(random.next());
    }
  }
}

uint32_t bigEndian(const uint8_t* at) {
  return uint32_t{at[0]} << 24 | uint32_t{at[1]} << 16 | uint32_t{at[2]} << 8 | at[3];
}

// Makes the checksums of a PNG right again: behind a wrong one nothing is read.
void repairPng(Input& input) {
  if (input.size() < 8 || std::memcmp(input.data(), "\x89PNG\r\n\x1a\n", 8) != 0) return;
  size_t at = 8;
  while (input.size() - at >= 12) {
    const size_t length = bigEndian(input.data() + at);
    if (length > input.size() - at - 12) return;
    const uint32_t crc = libdeflate_crc32(0, input.data() + at + 4, length + 4);
    for (size_t i = 0; i < 4; i++) {
      input[at + 8 + length + i] = static_cast<uint8_t>(crc >> (24 - 8 * i));
    }
    at += 12 + length;
  }
}

// Small seeds more often: they take less time.
const Input& chooseSeed(const std::vector<Input>& seeds, Random& random) {
  const Input* chosen = &seeds[random.below(seeds.size())];
  for (int i = 0; i < 2; i++) {
    const Input& other = seeds[random.below(seeds.size())];
    if (other.size() < chosen->size()) chosen = &other;
  }
  return *chosen;
}

Input makeCase(const std::vector<Input>& seeds, uint64_t seed, uint64_t index) {
  Random random(seed * 0x100000001b3u + index);
  Input input = chooseSeed(seeds, random);
  for (size_t left = 1 + random.below(5); left > 0; left--) mutateOnce(input, seeds, random);
  if (random.below(3) > 0) repairPng(input);
  return input;
}

void run(const Input& input, const std::string& name) {
  current = input;
  currentName = name;
  alarm(kSecondsPerCase);
  LLVMFuzzerTestOneInput(input.data(), input.size());
  alarm(0);
}

}  // namespace

int main(int count, char** values) {
  const std::vector<std::string> args(values + 1, values + count);
  uint64_t runs = 0;
  uint64_t seed = 1;
  uint64_t first = 0;
  bool replay = false;
  std::string save = ".";
  std::vector<std::string> paths;
  for (size_t i = 0; i < args.size(); i++) {
    const bool hasValue = i + 1 < args.size();
    if (args[i] == "--replay") replay = true;
    else if (args[i] == "--runs" && hasValue) runs = std::stoull(args[++i]);
    else if (args[i] == "--seed" && hasValue) seed = std::stoull(args[++i]);
    else if (args[i] == "--first" && hasValue) first = std::stoull(args[++i]);
    else if (args[i] == "--save" && hasValue) save = args[++i];
    else paths.push_back(args[i]);
  }
  catchFindings();
  if (replay) {
    for (const std::string& path : paths) run(readWhole(path), path + ".again");
    return 0;
  }
  const std::vector<Input> seeds = readSeeds(paths);
  if (seeds.empty()) {
    std::fprintf(stderr, "no seeds\n");
    return 2;
  }
  if (first == 0) {
    for (const Input& input : seeds) run(input, save + "/seed");
  }
  for (uint64_t i = first; i < first + runs; i++) {
    run(makeCase(seeds, seed, i), save + "/" + std::to_string(seed) + "-" + std::to_string(i));
    if ((i + 1) % 1000 == 0) {
      std::printf("%llu\n", static_cast<unsigned long long>(i + 1));
      std::fflush(stdout);
    }
  }
  return 0;
}
