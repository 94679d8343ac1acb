#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/random.h"
#include "formats/fits_helpers.h"
#include "formats/hdf5_handle.h"
#include "formats/hdf5_index.h"
#include "formats/hdf5_tables.h"

namespace polis {
namespace {

using testing::HasSubstr;

TableSet stars(std::size_t rows, const std::string& name = "star") {
  Table table("sources");
  std::vector<double> x(rows);
  std::vector<float> flux(rows);
  std::vector<std::int32_t> flags(rows);
  std::vector<std::int64_t> id(rows);
  std::vector<std::string> names(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    x[i] = 0.1 * static_cast<double>(i);
    flux[i] = static_cast<float>(i) * 1.5f;
    flags[i] = static_cast<std::int32_t>(i % 3);
    id[i] = static_cast<std::int64_t>(i) + 1;
    names[i] = name + std::to_string(i);
  }
  table.add({"id", "", "meta.id", "number", id}).add({"x", "pix", "pos.cartesian.x", "column", x});
  table.add({"flux", "electron", "phot.count", "", flux})
      .add({"flags", "", "", "", flags})
      .add({"name", "", "", "", names});
  table.facts = {{"size", "25"}};
  return {{table}, {{"fwhm_px", "2.5"}}};
}

std::string save(const Bytes& bytes, const std::string& name) {
  const std::string path = testing::TempDir() + "polis_" + name;
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  return path;
}

/// Runs Debian's Python (not one of the user's) on `script`; its exit code.
int python(const std::string& script) {
  const std::string path = testing::TempDir() + "polis_check.py";
  std::ofstream(path) << script;
  return WEXITSTATUS(
      std::system(("/usr/bin/python3 -W ignore " + path + " > " + path + ".log 2>&1").c_str()));
}

bool has_module(const std::string& module) { return python("import " + module) == 0; }

std::string log_of_python() {
  std::ifstream in(testing::TempDir() + "polis_check.py.log");
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Hdf5Tables, OpenInAstropyH5pyPytablesAndPandas) {
  const std::string path = save(write_tables(stars(5000), {{"task", "t"}}), "tables.h5");
  const std::string script =
      "P='" + path +
      "'\nread=0\n"
      "try:\n  import h5py\nexcept ImportError: pass\n"
      "else:\n  read+=1\n  f=h5py.File(P,'r')\n  d=f['sources']\n"
      "  assert d.shape==(5000,) and d.chunks and d['x'][10]==1.0 and d.attrs['x_UNIT']==b'pix'\n"
      "  assert d['name'][4999]==b'star4999' and f.attrs['FACT_fwhm_px']==b'2.5' and "
      "f.attrs['PROVENANCE_task']==b't'\n"
      "try:\n  from astropy.table import Table\nexcept ImportError: pass\n"
      "else:\n  read+=1\n  t=Table.read(P,path='sources')\n  assert len(t)==5000 and "
      "t['id'][7]==8\n"
      "try:\n  import tables\nexcept ImportError: pass\n"
      "else:\n  read+=1\n  f=tables.open_file(P)\n  t=f.root.sources\n  assert t.nrows==5000 and "
      "t.cols.flags[5]==2\n"
      "  assert [r['id'] for r in t.where('x > 499.85')]==[5000]\n  f.close()\n"
      "try:\n  import pandas\nexcept ImportError: pass\n"
      "else:\n  read+=1\n  d=pandas.read_hdf(P,'sources')\n  assert len(d)==5000 and "
      "d['flux'].iloc[2]==3.0\n"
      "import sys\nsys.exit(0 if read else 77)\n";
  const int code = python(script);
  if (code == 77 || code == 127) GTEST_SKIP() << "skipped: no Python packages to read with";
  EXPECT_EQ(code, 0) << log_of_python();
}

TEST(Hdf5Tables, EqualTablesGiveEqualBytes) {
  EXPECT_EQ(write_tables(stars(3000), {}), write_tables(stars(3000), {}));
  EXPECT_NE(write_tables(stars(3000), {}), write_tables(stars(3000), {{"a", "b"}}));
}

TEST(Hdf5Tables, LargeTablesTakeSeveralChunks) {
  Facts ignored;
  const TableSet again = read_tables(write_tables(stars(100001), {}), ignored);
  EXPECT_EQ(again.at("sources").rows(), 100001u);
  EXPECT_EQ(again.at("sources").get<std::string>("name")[100000], "star100000");
  EXPECT_EQ(again.at("sources").get<double>("x")[77777], 0.1 * 77777);
}

TableSet cut_outs() {
  TableSet set = stars(3);
  NumberArray images{"science", "electron", "image, y, x", {3, 2, 4}, {}};
  for (int i = 0; i < 24; ++i) images.values.push_back(0.5f * static_cast<float>(i));
  set.arrays = {images, {"empty", "", "", {0, 63, 63}, {}}};
  return set;
}

TEST(Hdf5Arrays, ComeBackWithTheirShape) {
  const Bytes bytes = write_tables(cut_outs(), {});
  EXPECT_EQ(bytes, write_tables(cut_outs(), {}));
  Facts provenance;
  const TableSet back = read_tables(bytes, provenance);
  EXPECT_EQ(back.tables.size(), 1u);
  ASSERT_EQ(back.arrays.size(), 2u);
  const NumberArray& images = back.array("science");
  EXPECT_EQ(images.shape, (std::vector<std::int64_t>{3, 2, 4}));
  EXPECT_EQ(images.values, cut_outs().arrays.front().values);
  EXPECT_EQ(images.unit, "electron");
  EXPECT_EQ(images.description, "image, y, x");
  EXPECT_TRUE(back.array("empty").values.empty());
  EXPECT_THROW(back.array("other"), Error);
}

TEST(Hdf5Arrays, OpenInH5pyAndPytables) {
  const std::string path = save(write_tables(cut_outs(), {}), "arrays.h5");
  const std::string script =
      "P='" + path + "'\n" +
      "try:\n  import h5py\n  a=h5py.File(P)['science'][:]\n"
      "  assert a.shape==(3,2,4) and a[2,1,3]==11.5\nexcept ImportError: pass\n"
      "try:\n  import tables\n  a=tables.open_file(P).root.science[:]\n"
      "  assert a.shape==(3,2,4) and a[2,1,3]==11.5\nexcept ImportError: pass\n";
  EXPECT_EQ(python(script), 0) << log_of_python();
}

TEST(Hdf5Arrays, AreRefusedIfTheirShapeDoesNotFit) {
  TableSet set = cut_outs();
  set.arrays.front().shape = {3, 2, 5};
  EXPECT_THROW(write_tables(set, {}), Error);
}

TEST(BadHdf5, AnArrayThatClaimsMoreThanItsFileHolds) {
  const auto lock = hdf5_lock();
  const Hdf5Handle file = create_hdf5_in_memory();
  const hsize_t shape[] = {1u << 20, 1u << 20, 1u << 20};
  const hsize_t chunk[] = {1, 8, 8};
  const Hdf5Handle space(H5Screate_simple(3, shape, nullptr), H5Sclose, "shape");
  const Hdf5Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "properties");
  H5Pset_chunk(creation.id(), 3, chunk);
  {
    const Hdf5Handle dataset(H5Dcreate2(file.id(), "huge", H5T_IEEE_F32LE, space.id(), H5P_DEFAULT,
                                        creation.id(), H5P_DEFAULT),
                             H5Dclose, "create");
    const Hdf5Handle root(H5Gopen2(file.id(), "/", H5P_DEFAULT), H5Gclose, "open the root");
    write_hdf5_text(root.id(), "ARRAYS", "huge");
  }
  Facts provenance;
  EXPECT_THROW(read_tables(hdf5_image(file), provenance), Error);
}

TEST(Hdf5Index, JoinsTheTablesOfARun) {
  const std::string folder = testing::TempDir() + "polis_index/";
  std::filesystem::create_directories(folder + "parts");
  std::vector<std::string> parts;
  for (const std::size_t rows : {3u, 0u, 4u}) {
    parts.push_back(folder + "parts/p" + std::to_string(parts.size()) + ".h5");
    const Bytes bytes = write_tables(stars(rows, parts.size() == 3 ? "a_longer_name_" : "s"), {});
    std::ofstream(parts.back(), std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }
  write_index(folder + "index.h5", parts);
  // Read with the library, from another folder than the index's: parts are found beside the index.
  const hid_t file = H5Fopen((folder + "index.h5").c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  ASSERT_GE(file, 0);
  const hid_t dataset = H5Dopen2(file, "sources", H5P_DEFAULT);
  const hid_t row = H5Tcreate(H5T_COMPOUND, 8);
  H5Tinsert(row, "id", 0, H5T_NATIVE_INT64);
  std::vector<std::int64_t> ids(7, -1);
  EXPECT_GE(H5Dread(dataset, row, H5S_ALL, H5S_ALL, H5P_DEFAULT, ids.data()), 0);
  EXPECT_EQ(ids, (std::vector<std::int64_t>{1, 2, 3, 1, 2, 3, 4}));
  H5Tclose(row);
  H5Dclose(dataset);
  H5Fclose(file);
  if (has_module("h5py")) {
    EXPECT_EQ(
        python("import h5py\nd=h5py.File('" + folder +
               "index.h5')['sources']\nassert d.is_virtual and d['name'][6]==b'a_longer_name_3'\n"
               "assert d['name'][2]==b's2' and d.attrs['part_rows'].split()==[b'3',b'0',b'4'] and "
               "d.attrs['x_UNIT']==b'pix'\n"),
        0)
        << log_of_python();
  }
}

TEST(Hdf5Index, RefusesPartsThatDoNotFit) {
  Table other("sources");
  other.add({"id", "", "", "", std::vector<std::int64_t>{1}});
  const std::vector<std::string> parts{save(write_tables(stars(2), {}), "a.h5"),
                                       save(write_tables({{other}, {}}, {}), "b.h5")};
  EXPECT_THAT(
      test::error_of([&] { write_index(testing::TempDir() + "polis_bad_index.h5", parts); }),
      HasSubstr("other columns"));
  const std::vector<std::string> junk{save(to_bytes("junk"), "c.h5")};
  EXPECT_THROW(write_index(testing::TempDir() + "polis_bad_index.h5", junk), Error);
}

TEST(BadHdf5, R40_WriterThatWasKilled) {
  const Bytes whole = write_tables(stars(2000), {});
  Facts ignored;
  for (const std::size_t size : {std::size_t{0}, std::size_t{7}, std::size_t{96}, std::size_t{800},
                                 whole.size() / 2, whole.size() - 100}) {
    const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_THROW(read_tables(part, ignored), Error) << size;
  }
}

TEST(BadHdf5, R40_MalformedHeader) {
  Facts ignored;
  EXPECT_THROW(
      read_tables(to_bytes("\x89HDF\r\n\x1a\n and then nothing that makes sense"), ignored), Error);
  Bytes bytes = write_tables(stars(10), {});
  for (std::size_t i = 8; i < 48; ++i) bytes[i] = std::byte{0xff};
  EXPECT_THROW(read_tables(bytes, ignored), Error);
}

TEST(FramesInPython, AstropyOpensThem) {
  if (!has_module("astropy")) GTEST_SKIP() << "skipped: no astropy";
  const Plane<float> image = test::test_image(64, 32);
  const Plane<MaskPixel> mask(64, 32, mask_bits::cosmic_ray);
  const std::vector<FitsHduOut> hdus{{"SCI", {}, image.view(), FitsCompression::gzip2},
                                     {"DQ", {}, mask.view(), FitsCompression::rice}};
  const std::string path = save(write_fits(hdus), "frame.fits");
  EXPECT_EQ(python("import warnings\nwarnings.simplefilter('error')\nfrom astropy.io import "
                   "fits\nf=fits.open('" +
                   path +
                   "',checksum=True)\n"
                   "f.verify('exception')\nassert f['SCI'].data.shape==(32,64) and "
                   "(f['DQ'].data==16).all()\nassert abs(f['SCI'].data[3,5]-" +
                   std::to_string(image(5, 3)) + ")<1e-3\n"),
            0)
      << log_of_python();
}

}  // namespace
}  // namespace polis
