// Captures: written, read back, cut anywhere, damaged, without room; and exported.
#include "harness/measure/capture_file.h"

#include <zip.h>

#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>
#include <random>

#include "harness/base/file.h"
#include "harness/base/sha256.h"
#include "harness/measure/capture_export.h"

namespace slmrig::measure {

namespace {

template <typename T>
T must(base::Result<T> result) {
  if (!result) FAIL(result.error().text());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

class CaptureFolder {
 public:
  CaptureFolder() : folder_(must(base::TemporaryDirectory::create("capture-test"))) {}
  std::filesystem::path file(const std::string& name = "a.power") const { return folder_.path() / name; }

 private:
  base::TemporaryDirectory folder_;
};

CaptureHeader header_for_test() {
  CaptureHeader header;
  header.meter.kind = "ppk2";
  header.meter.serial = "C0FFEE";
  header.meter.sample_rate_hz = 100'000;
  header.meter.marker_lines = 2;
  header.meter.ranges = {{"50 uA", 50, 0.1, 0.2, 1003.5, true}, {"500 uA", 500, 0.1, 0.5, 101.5, false}};
  header.meter.settings = {{"mode", "source"}};
  header.supply_mv = 3300;
  header.started_at_ns = 1'767'225'600'123'000'000;
  header.notes = {{"bench", "desk-3"}};
  return header;
}

// Samples [from, from + count) of one long stream.
base::PowerSamples samples(int64_t from, std::size_t count) {
  base::PowerSamples block;
  block.first_index = from;
  for (std::size_t i = 0; i < count; ++i) {
    const auto index = static_cast<double>(from) + static_cast<double>(i);
    block.current_ua.push_back(static_cast<float>(1000 + 500 * std::sin(index / 700)));
    block.range.push_back(static_cast<uint8_t>(static_cast<int64_t>(index) / 1000 % 2));
    block.markers.push_back(static_cast<uint8_t>(static_cast<int64_t>(index) / 300 % 4));
  }
  block.received_ns = from * 10'000 + 77;
  return block;
}

struct Everything {
  std::vector<float> current_ua;
  std::vector<uint8_t> markers;
  int64_t lost = 0;
  bool complete = false;
};

base::Result<Everything> read_all(const std::filesystem::path& file) {
  SLMRIG_ASSIGN(const auto reader, CaptureReader::open(file));
  Everything all;
  base::PowerSamples block;
  int64_t expected = 0;
  for (;;) {
    SLMRIG_ASSIGN(const bool more, reader->next(block));
    if (!more) break;
    all.lost += block.first_index - expected;
    expected = block.first_index + static_cast<int64_t>(block.current_ua.size());
    for (const base::SampleGap& gap : block.gaps) {
      if (gap.index <= block.first_index) continue;
      all.lost += gap.count;
      expected += gap.count;
    }
    all.current_ua.insert(all.current_ua.end(), block.current_ua.begin(), block.current_ua.end());
    all.markers.insert(all.markers.end(), block.markers.begin(), block.markers.end());
  }
  all.complete = reader->is_complete();
  return all;
}

base::CaptureFacts write_for_test(const std::filesystem::path& file) {
  auto writer = must(CaptureWriter::create(file, header_for_test()));
  int64_t at = 0;
  std::mt19937 random(1);
  while (at < 50'000) {
    const std::size_t count = 1 + random() % 4000;
    must(writer->add(samples(at, count)));
    at += static_cast<int64_t>(count);
    if (random() % 4 == 0) at += 7;  // lost
  }
  return must(writer->finish());
}

// The entries of a zip.
std::map<std::string, std::string> unzip(const std::filesystem::path& file) {
  int code = 0;
  zip_t* archive = zip_open(file.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &code);
  REQUIRE(archive != nullptr);
  std::map<std::string, std::string> entries;
  for (zip_uint64_t i = 0; i < static_cast<zip_uint64_t>(zip_get_num_entries(archive, 0)); ++i) {
    zip_stat_t about;
    REQUIRE(zip_stat_index(archive, i, 0, &about) == 0);
    std::string content(about.size, '\0');
    zip_file_t* entry = zip_fopen_index(archive, i, 0);
    REQUIRE(entry != nullptr);
    REQUIRE(zip_fread(entry, content.data(), content.size()) == static_cast<zip_int64_t>(content.size()));
    zip_fclose(entry);
    entries[about.name] = std::move(content);
  }
  zip_discard(archive);
  return entries;
}

}  // namespace

TEST_CASE("a capture reads back as it was written") {
  const CaptureFolder folder;
  const base::CaptureFacts facts = write_for_test(folder.file());
  CHECK(facts.sha256 == must(base::sha256_hex_of_file(folder.file())));
  CHECK(facts.bytes == std::filesystem::file_size(folder.file()));
  const Everything all = must(read_all(folder.file()));
  CHECK(all.complete);
  CHECK(all.current_ua.size() == facts.samples);
  CHECK(all.lost > 0);
  CHECK(facts.bytes < facts.samples * 4);

  auto reader = must(CaptureReader::open(folder.file()));
  const CaptureHeader& header = reader->header();
  CHECK(header.meter.serial == "C0FFEE");
  CHECK(header.meter.sample_rate_hz == 100'000);
  REQUIRE(header.meter.ranges.size() == 2);
  CHECK(header.meter.ranges[1].shunt_ohm == 101.5);
  CHECK_FALSE(header.meter.ranges[1].calibrated);
  CHECK(header.meter.settings.at("mode") == "source");
  CHECK(header.supply_mv == 3300);
  CHECK(header.started_at_ns == 1'767'225'600'123'000'000);
  CHECK(header.notes.at("bench") == "desk-3");
  base::PowerSamples block;
  CHECK(must(reader->next(block)));
  CHECK(block.current_ua.size() >= CaptureWriter::kGatheredSamples);
  const base::PowerSamples expected = samples(0, 1);
  CHECK(block.current_ua[0] == expected.current_ua[0]);
  must(reader->rewind());
  CHECK(must(reader->next(block)));
  CHECK(block.first_index == 0);
}

TEST_CASE("samples keep their places, over gaps and file blocks") {
  const CaptureFolder folder;
  write_for_test(folder.file());
  auto reader = must(CaptureReader::open(folder.file()));
  base::PowerSamples block;
  bool good = true;
  while (must(reader->next(block))) {
    int64_t index = block.first_index;
    auto gap = block.gaps.begin();
    while (gap != block.gaps.end() && gap->index <= index) ++gap;
    for (std::size_t i = 0; i < block.current_ua.size(); ++i, ++index) {
      if (gap != block.gaps.end() && gap->index - gap->count == index) index = (gap++)->index;
      good = good && block.current_ua[i] == samples(index, 1).current_ua[0];
    }
  }
  CHECK(good);
}

TEST_CASE("a capture that was cut is readable up to there") {
  const CaptureFolder folder;
  write_for_test(folder.file());
  const Everything whole = must(read_all(folder.file()));
  const std::string bytes = must(base::read_text(folder.file()));
  std::size_t last = 0;
  for (std::size_t cut = 0; cut < bytes.size(); cut += bytes.size() / 97) {
    must(base::write_file_atomically(folder.file("cut.power"), std::string_view(bytes).substr(0, cut)));
    const base::Result<Everything> part = read_all(folder.file("cut.power"));
    if (!part) continue;  // within the header
    CHECK_FALSE(part->complete);
    CHECK(part->current_ua.size() >= last);
    last = part->current_ua.size();
    CHECK(std::equal(part->current_ua.begin(), part->current_ua.end(), whole.current_ua.begin()));
  }
  CHECK(last > whole.current_ua.size() / 2);
}

TEST_CASE("a damaged capture is found out") {
  const CaptureFolder folder;
  write_for_test(folder.file());
  std::string bytes = must(base::read_text(folder.file()));
  const Everything whole = must(read_all(folder.file()));
  std::mt19937 random(2);
  int found = 0;
  for (int i = 0; i < 200; ++i) {
    std::string damaged = bytes;
    const std::size_t at = random() % damaged.size();
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << (random() % 8)));
    must(base::write_file_atomically(folder.file("b.power"), damaged));
    const base::Result<Everything> read = read_all(folder.file("b.power"));
    if (!read || read->current_ua != whole.current_ua || !read->complete) ++found;
  }
  // What is left is the header's and the footer's text, of which most digits mean something else.
  CHECK(found > 150);
  must(base::write_file_atomically(folder.file("b.power"), std::string_view("time_s,current_ua\n0,1\n")));
  const auto error = read_all(folder.file("b.power"));
  REQUIRE_FALSE(error.has_value());
  CHECK(error.error().code == base::ErrorCode::kBadInput);
  CHECK(error.error().text().find("b.power") != std::string::npos);
  bytes[8] = 9;
  must(base::write_file_atomically(folder.file("b.power"), bytes));
  CHECK(read_all(folder.file("b.power")).error().code == base::ErrorCode::kUnsupported);
  CHECK(read_all(folder.file("none")).error().text().find("none") != std::string::npos);
}

TEST_CASE("a disk that fills up while recording leaves what was written") {
  const CaptureFolder folder;
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{100'000, before.rlim_max};
  auto writer = must(CaptureWriter::create(folder.file(), header_for_test()));
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  base::Done done;
  int64_t at = 0;
  for (; done && at < 1'000'000; at += 5'000) done = writer->add(samples(at, 5'000));
  const auto finished = writer->finish();
  REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, handler);
  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().code == base::ErrorCode::kIo);
  CHECK(done.error().text().find(folder.file().string()) != std::string::npos);
  CHECK(done.error().text().find("MB free") != std::string::npos);
  CHECK(done.error().text().find("samples were written before") != std::string::npos);
  CHECK_FALSE(finished.has_value());
  const Everything all = must(read_all(folder.file()));
  CHECK_FALSE(all.complete);
  CHECK(all.current_ua.size() >= CaptureWriter::kGatheredSamples);
  CHECK(all.current_ua.at(12'345) == samples(12'345, 1).current_ua[0]);
  const ExportReport report = must(export_capture(folder.file(), ExportFormat::kCsv, folder.file("a.csv")));
  CHECK_FALSE(report.complete);
  CHECK(report.samples == all.current_ua.size());
}

TEST_CASE("a full disk ends a capture with an error that names the file") {
  const auto made = CaptureWriter::create("/dev/full", header_for_test());
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().code == base::ErrorCode::kIo);
  CHECK(made.error().text().find("/dev/full") != std::string::npos);
}

TEST_CASE("a capture as CSV") {
  const CaptureFolder folder;
  auto writer = must(CaptureWriter::create(folder.file(), header_for_test()));
  base::PowerSamples block;
  block.current_ua = {1.5F, -0.25F};
  block.range = {0, 1};
  block.markers = {1, 2};
  must(writer->add(block));
  block.first_index = 5;
  must(writer->add(block));
  must(writer->finish());
  const ExportReport report = must(export_capture(folder.file(), ExportFormat::kCsv, folder.file("a.csv")));
  CHECK(report.samples == 4);
  CHECK(report.lost == 3);
  CHECK(report.complete);
  CHECK(must(base::read_text(folder.file("a.csv"))) ==
        "time_s,current_ua,range,d0,d1,flags\n0,1.5,0,1,0,0\n1e-05,-0.25,1,0,1,0\n5e-05,1.5,0,1,0,0\n"
        "6e-05,-0.25,1,0,1,0\n");
}

TEST_CASE("a capture of a polled sensor as CSV has its own times, and is no .ppk2") {
  const CaptureFolder folder;
  CaptureHeader header = header_for_test();
  header.meter.kind = "hwmon";
  header.meter.sample_rate_hz = 0;
  auto writer = must(CaptureWriter::create(folder.file(), header));
  base::PowerSamples block;
  block.power_uw = {2'000'000, 3'000'000};
  block.time_ns = {900'000'000'000, 900'012'345'678};
  must(writer->add(block));
  must(writer->finish());
  must(export_capture(folder.file(), ExportFormat::kCsv, folder.file("a.csv")));
  CHECK(must(base::read_text(folder.file("a.csv"))) ==
        "time_s,power_uw,flags\n0.000000000,2000000,0\n0.012345678,3000000,0\n");
  const auto refused = export_capture(folder.file(), ExportFormat::kPpk2, folder.file("a.ppk2"));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == base::ErrorCode::kUnsupported);
  CHECK_FALSE(std::filesystem::exists(folder.file("a.ppk2")));
}

TEST_CASE("a capture as the file of Nordic's Power Profiler") {
  const CaptureFolder folder;
  auto writer = must(CaptureWriter::create(folder.file(), header_for_test()));
  must(writer->add(samples(0, 3)));
  must(writer->add(samples(5, 24'995)));
  must(writer->finish());
  const ExportReport report = must(export_capture(folder.file(), ExportFormat::kPpk2, folder.file("a.ppk2")));
  CHECK(report.lost == 2);
  const std::map<std::string, std::string> entries = unzip(folder.file("a.ppk2"));
  REQUIRE(entries.size() == 3);
  const std::string& session = entries.at("session.raw");
  REQUIRE(session.size() == 25'000 * 6);
  const auto current = [&](std::size_t at) {
    float value = 0;
    std::memcpy(&value, &session[at * 6], 4);
    return value;
  };
  const auto states = [&](std::size_t at) {
    return static_cast<unsigned>(static_cast<uint8_t>(session[at * 6 + 4])) |
           static_cast<unsigned>(static_cast<uint8_t>(session[at * 6 + 5])) << 8U;
  };
  CHECK(current(2) == samples(2, 1).current_ua[0]);
  CHECK(std::isnan(current(3)));
  CHECK(states(4) == 0);
  CHECK(current(5) == samples(5, 1).current_ua[0]);
  CHECK(current(24'999) == samples(24'999, 1).current_ua[0]);
  CHECK(states(0) == 0x5555);
  CHECK(states(901) == 0x555a);  // D0 and D1 high
  const auto metadata = nlohmann::json::parse(entries.at("metadata.json"));
  CHECK(metadata.at("formatVersion") == 2);
  CHECK(metadata.at("metadata").at("samplesPerSecond") == 100'000);
  CHECK(metadata.at("metadata").at("startSystemTime") == 1'767'225'600'123);
  const auto minimap = nlohmann::json::parse(entries.at("minimap.raw"));
  const std::size_t length = minimap.at("data").at("length");
  CHECK(length <= 10'000);
  CHECK(minimap.at("data").at("min").size() == length);
  CHECK(minimap.at("numberOfTimesToFold") == 4);
  const auto& peak = minimap.at("data").at("max").at(275);  // samples 1100 .. 1103
  CHECK(peak.at("x") == Approx(11'015));
  CHECK(peak.at("y") == Approx(1000 * (1000 + 500 * std::sin(1100 / 700.0))).epsilon(1e-3));
  for (const auto& entry : std::filesystem::directory_iterator(folder.file().parent_path())) {
    CHECK(entry.path().extension() != ".part");
  }
}

}  // namespace slmrig::measure
