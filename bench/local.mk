# bench

# Programs that run on a GPU, where there is nvcc: make device. Instructions of later devices come from compute_89's by the driver.
NVCC_ARCH = -gencode arch=compute_80,code=sm_80 -gencode arch=compute_89,code=[sm_89,compute_89] -gencode arch=compute_90a,code=sm_90a
EXTRA_DIST += bench/device/probe.cu
CLEANFILES += bench/device/probe
device:
	@test -n "$(NVCC)" || { echo 'make device: configure found no nvcc' >&2; exit 1; }
	$(MKDIR_P) bench/device
	$(NVCC) -O2 -std=c++17 $(NVCC_ARCH) -o bench/device/probe $(top_srcdir)/bench/device/probe.cu
.PHONY: device

# The whole table, and its record beside it.
EXTRA_DIST += bench/README.md
CLEANFILES += bench/record.json
bench: halfulp$(EXEEXT)
	@$(MKDIR_P) bench
	./halfulp$(EXEEXT) bench --record bench/record.json
.PHONY: bench
