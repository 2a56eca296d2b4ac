# bpf_object(NAME SOURCE): compiles SOURCE for the kernel against the running kernel's own types and makes the skeleton
# header <NAME>.skel.h that embeds it; link the interface target NAME_skeleton to include it.
find_program(IOR_CLANG NAMES clang clang-14 clang-16 clang-19 REQUIRED)
find_program(IOR_BPFTOOL bpftool PATHS /usr/sbin /sbin REQUIRED)

set(IOR_KERNEL_TYPES /sys/kernel/btf/vmlinux CACHE FILEPATH "BTF that vmlinux.h is generated from")

function(bpf_object name source)
  if(NOT EXISTS ${IOR_KERNEL_TYPES})
    message(FATAL_ERROR "${IOR_KERNEL_TYPES} does not exist: this kernel has no BTF. Build on a kernel with "
      "CONFIG_DEBUG_INFO_BTF=y, or name a BTF file with -DIOR_KERNEL_TYPES=FILE.")
  endif()
  set(out ${CMAKE_CURRENT_BINARY_DIR}/bpf)
  file(MAKE_DIRECTORY ${out})
  add_custom_command(OUTPUT ${out}/vmlinux.h
    COMMAND ${IOR_BPFTOOL} btf dump file ${IOR_KERNEL_TYPES} format c > ${out}/vmlinux.h
    VERBATIM COMMENT "vmlinux.h from ${IOR_KERNEL_TYPES}")
  add_custom_command(OUTPUT ${out}/${name}.unlinked.o
    COMMAND ${IOR_CLANG} -O2 -g -mcpu=v3 -target bpf -D__TARGET_ARCH_x86 -Wall -Werror
      -I${out} -I${CMAKE_CURRENT_SOURCE_DIR}/src -idirafter /usr/include/${CMAKE_LIBRARY_ARCHITECTURE}
      -MD -MF ${out}/${name}.d -MT ${out}/${name}.unlinked.o
      -c ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${out}/${name}.unlinked.o
    DEPENDS ${source} ${out}/vmlinux.h
    DEPFILE ${out}/${name}.d
    VERBATIM COMMENT "BPF object ${source}")
  add_custom_command(OUTPUT ${out}/${name}.skel.h
    COMMAND ${IOR_BPFTOOL} gen object ${out}/${name}.bpf.o ${out}/${name}.unlinked.o
    COMMAND ${IOR_BPFTOOL} gen skeleton ${out}/${name}.bpf.o name ${name}_bpf > ${out}/${name}.skel.h
    BYPRODUCTS ${out}/${name}.bpf.o
    DEPENDS ${out}/${name}.unlinked.o
    VERBATIM COMMENT "${name}.skel.h")
  add_custom_target(${name}_skeleton_header DEPENDS ${out}/${name}.skel.h)
  add_library(${name}_skeleton INTERFACE)
  add_dependencies(${name}_skeleton ${name}_skeleton_header)
  target_include_directories(${name}_skeleton SYSTEM INTERFACE ${out})
endfunction()
