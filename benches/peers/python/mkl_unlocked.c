/* MKL asks this function whether the processor is its maker's, and takes AVX2 code if not. */
int mkl_serv_intel_cpu_true(void) { return 1; }
