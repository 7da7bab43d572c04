/**
 * The keys and values that the benchmarks of `SharedCache` have in common.
 */

export const COUNT = 10_000

export const KEYS = Array.from({ length: COUNT }, (_, i) => `user:profile:${i}`)

/** The keys in an order that is neither theirs nor random anew each time; benchmark/engine.rs has the same. */
const ORDER = Array.from({ length: COUNT }, (_, i) => KEYS[(i * 7919) % COUNT] as string)

/** The key of the operation with that number. */
export const key = (index: number): string => ORDER[index % COUNT] as string

/** The kinds of value that are measured: by name, how it is stored elsewhere, and one. */
export const VALUES = [
  [
    'string of 90',
    'string',
    'The quick brown fox jumps over the lazy dog, and the lazy dog sleeps on in the warm noon sun..'.slice(
      0,
      90,
    ),
  ],
  [
    'small object',
    'json',
    { id: 123456, name: 'Ada Lovelace', email: 'ada@example.org', tags: ['admin', 'author'], active: true },
  ],
  ['1 KiB of bytes', 'binary', Buffer.alloc(1024, 7)],
] as const

/** How a kind of value is stored where that must be said. */
export type Encoding = (typeof VALUES)[number][1]
