# Every library comes from Debian 12; `./make.sh` installs them.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(MPI REQUIRED COMPONENTS C)
find_package(HDF5 REQUIRED COMPONENTS C)
find_package(OpenSSL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(nlohmann_json REQUIRED)
find_package(spdlog REQUIRED)
find_package(Boost REQUIRED COMPONENTS program_options)
pkg_check_modules(CFITSIO REQUIRED IMPORTED_TARGET cfitsio)
pkg_check_modules(WCSLIB REQUIRED IMPORTED_TARGET wcslib)
pkg_check_modules(FFTW REQUIRED IMPORTED_TARGET fftw3f fftw3)
pkg_check_modules(ERFA REQUIRED IMPORTED_TARGET erfa)

# HDF5's own variables, wrapped so that floors name it like the others.
add_library(polis_hdf5 INTERFACE)
target_include_directories(polis_hdf5 SYSTEM INTERFACE ${HDF5_C_INCLUDE_DIRS})
target_link_libraries(polis_hdf5 INTERFACE ${HDF5_C_LIBRARIES})

# Debian's own configuration of oneDNN asks for OpenCL, which nobody here needs.
find_library(DNNL_LIBRARY dnnl REQUIRED)
find_path(DNNL_INCLUDE_DIR dnnl.hpp REQUIRED)
add_library(polis_dnnl INTERFACE)
target_include_directories(polis_dnnl SYSTEM INTERFACE ${DNNL_INCLUDE_DIR})
target_link_libraries(polis_dnnl INTERFACE ${DNNL_LIBRARY})
