/* The one function of Windows' bcryptprimitives.dll that Rust calls, for a wine that has no such library. */

__declspec(dllimport) unsigned char __stdcall SystemFunction036(void *buffer, unsigned long length);

__declspec(dllexport) int __stdcall ProcessPrng(void *buffer, unsigned long long length) {
  return SystemFunction036(buffer, (unsigned long)length);
}

int __stdcall DllMain(void *module, unsigned reason, void *reserved) { return 1; }
