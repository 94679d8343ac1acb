# A folder is a floor: one library, whose dependencies are the floors that its files may include.

# GCC 12 reports -Wrestrict falsely inside std::string (its bug 105651).
set(POLIS_WARNINGS -Wall -Wextra -Wconversion -Wshadow -Wno-restrict)
if(POLIS_WERROR)
  list(APPEND POLIS_WARNINGS -Werror)
endif()
# No value-changing option: these two only let loops with sqrt and comparisons vectorise.
set(POLIS_CODEGEN -fno-math-errno -fno-trapping-math)
if(POLIS_ARCH)
  list(APPEND POLIS_CODEGEN -march=${POLIS_ARCH})
endif()
if(POLIS_SANITIZE)
  list(APPEND POLIS_CODEGEN -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g1 -O1 -UNDEBUG)
  add_link_options(-fsanitize=address,undefined)
endif()

# polis_floor(<name> [DEPENDS <floor or library>...] [PRIVATE <library>...]): every .cpp of the current folder.
function(polis_floor name)
  cmake_parse_arguments(FLOOR "" "" "DEPENDS;PRIVATE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp */*.cpp)
  if(sources)
    add_library(polis_${name} STATIC ${sources})
    target_include_directories(polis_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
    target_compile_options(polis_${name} PRIVATE ${POLIS_WARNINGS} ${POLIS_CODEGEN})
    target_link_libraries(polis_${name} PUBLIC ${FLOOR_DEPENDS} PRIVATE ${FLOOR_PRIVATE})
  else()
    add_library(polis_${name} INTERFACE)
    target_include_directories(polis_${name} INTERFACE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
    target_link_libraries(polis_${name} INTERFACE ${FLOOR_DEPENDS} ${FLOOR_PRIVATE})
  endif()
endfunction()
