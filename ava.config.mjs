export default {
  files: ['__test__/**/*.test.mjs'],
  // Each test file is a process of its own, so that a crash is seen as one and a file starts with fresh statics.
  workerThreads: false,
  concurrency: 2,
  timeout: '2m',
}
