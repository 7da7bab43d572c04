/**
 * A memo: a function, and a store in which the results of its calls are found again.
 *
 * Whether a call returns a promise shows when it is made. A function that always did, or never, is taken at its word and
 * costs one look at the store; only until that is known, and for one that does as it likes, both kinds are looked for.
 */
import { types } from 'node:util'
import { asyncStore, generatorFunction, promisedValue } from './cached-errors.js'
import type { CachedKeys, Group } from './cached-keys.js'
import type { AnyFunction, CachedSettings } from './cached-options.js'
import { ForeignStore } from './foreign-store.js'
import { type LoadPlan, Prepared, timeToLive } from './loading-options.js'
import { MISS } from './miss.js'
import { andThen, isThenable } from './store-like.js'

/** What a memo asks of its store: a `Cache`, a `SharedCache`, or a {@link ForeignStore}, which may answer by promises. */
export interface Backing {
  get(key: unknown, fallback: unknown): unknown
  peek(key: unknown, fallback: unknown): unknown
  has(key: unknown): boolean | Promise<boolean>
  set(key: unknown, value: unknown, options?: { ttl?: number; tti?: number }): unknown
  delete(key: unknown): boolean | Promise<boolean>
  // biome-ignore lint/suspicious/noExplicitAny: the options of three kinds of store, of which a memo uses what all know
  getOrSet(key: unknown, load: () => unknown, options?: any): Promise<unknown>
}

/** What is known of what a function returns. */
enum Returns {
  /** It was not called yet. */
  Unknown,
  /** Values, at once. */
  Values,
  Promises,
  /** Now this, now that. */
  Both,
}

/** See the module. */
export class Memo {
  readonly #fn: AnyFunction
  readonly #backing: Backing
  readonly #keys: CachedKeys
  readonly #group: Group
  readonly #ttl: LoadPlan<unknown>['ttl']
  readonly #tti: number | undefined
  readonly #plan: Prepared<unknown> | undefined
  readonly #refreshPlan: Prepared<unknown>
  #returns: Returns

  /** `settings` without what the store was made with itself. */
  constructor(
    fn: AnyFunction,
    backing: Backing,
    keys: CachedKeys,
    group: Group,
    settings: Pick<CachedSettings, 'ttl' | 'tti' | 'staleWhileRevalidate' | 'staleIfError' | 'errorTtl'>,
  ) {
    this.#fn = fn
    this.#backing = backing
    this.#keys = keys
    this.#group = group
    const { ttl, tti, staleWhileRevalidate, staleIfError, errorTtl } = settings
    this.#ttl = ttl
    this.#tti = tti
    const plan = { ttl, tti, staleWhileRevalidate, staleIfError, errorTtl }
    const isPlain = Object.values(plan).every((option) => option === undefined)
    this.#plan = isPlain ? undefined : new Prepared(plan)
    this.#refreshPlan = new Prepared({ ...plan, forceRefresh: true })
    this.#returns = types.isAsyncFunction(fn) ? Returns.Promises : Returns.Unknown
    if (this.#returns === Returns.Promises) this.#group.promises ??= true
  }

  /** Whether the function has never returned a promise, and has been called. */
  get returnsValues(): boolean {
    return this.#returns === Returns.Values
  }

  /** What the function returns for these arguments, from the store if it is there. */
  call(self: unknown, args: readonly unknown[]): unknown {
    if (this.#returns === Returns.Promises)
      return this.#load(this.#keys.of(args, true), self, args, this.#plan)
    if (this.#returns !== Returns.Values) return this.#callEither(self, args)
    const key = this.#keys.of(args, false)
    const found = this.#backing.get(key, MISS)
    return found === MISS ? this.compute(key, self, args) : found
  }

  /** The result of a call whose value was looked for and is not there, of a function that returns values. */
  compute(key: unknown, self: unknown, args: readonly unknown[]): unknown {
    const result = this.#run(self, args)
    if (isThenable(result)) return this.#loadBegun(args, result, this.#plan)
    this.#store(key, result)
    return result
  }

  /** Calls the function whatever the store holds, and stores the result. */
  refresh(self: unknown, args: readonly unknown[]): unknown {
    if (this.#returns === Returns.Promises) {
      return this.#load(this.#keys.of(args, true), self, args, this.#refreshPlan)
    }
    const key = this.#keys.of(args, true)
    if (this.#group.loading.has(key)) return this.#load(key, self, args, this.#refreshPlan)
    const result = this.#run(self, args)
    if (isThenable(result)) return this.#loadBegun(args, result, this.#refreshPlan)
    return this.#keep(args, result)
  }

  /** Stores what the function would return, or what its promise would bring. */
  set(args: readonly unknown[], value: unknown): unknown {
    if (isThenable(value)) throw promisedValue(this.#fn)
    const promises = this.#presumed()
    const stored = this.#store(this.#keys.of(args, promises), value)
    if (this.#returns !== Returns.Both) return stored
    return andThen(this.#backing.delete(this.#keys.of(args, !promises)), () => undefined)
  }

  /** The value that is stored for a call, undefined if there is none; a promise of that where the store is async. */
  peek(args: readonly unknown[]): unknown {
    const found = this.#inEither(
      args,
      (key) => this.#backing.peek(key, MISS),
      (value) => value !== MISS,
    )
    return andThen(found, (value) => (value === MISS ? undefined : value))
  }

  /** Whether a value is stored for a call; a promise of that where the store is async. */
  has(args: readonly unknown[]): boolean | Promise<boolean> {
    return this.#inEither(args, (key) => this.#backing.has(key), Boolean) as boolean | Promise<boolean>
  }

  /** Takes out the value of a call; whether there was one. A promise of that where the store is async. */
  delete(args: readonly unknown[]): boolean | Promise<boolean> {
    let found = false
    const deleted = this.#inEither(
      args,
      (key) => andThen(this.#backing.delete(key), (was) => (found ||= was)),
      () => false,
    )
    return andThen(deleted, () => found)
  }

  /** The key of a call in the store, as far as is known what kind of result it has. */
  keyOf(args: readonly unknown[]): unknown {
    return this.#keys.of(args, this.#presumed())
  }

  #presumed(): boolean {
    if (this.#returns === Returns.Unknown) return this.#group.promises ?? this.#isOverAsync()
    return this.#returns === Returns.Promises
  }

  #isOverAsync(): boolean {
    return this.#backing instanceof ForeignStore && this.#backing.isAsync === true
  }

  /** What `ask` says of a call's keys, those of the kind that is known, until `isEnough`. */
  #inEither(
    args: readonly unknown[],
    ask: (key: unknown) => unknown,
    isEnough: (answer: unknown) => boolean,
  ): unknown {
    if (this.#returns === Returns.Values) return ask(this.#keys.of(args, false))
    const key = this.#keys.of(args, true)
    const answer = ask(key)
    if (this.#returns === Returns.Promises || isThenable(answer) || isEnough(answer)) return answer
    const other = this.#keys.of(args, false)
    return other === key ? answer : ask(other)
  }

  /** A call of a function that may return either. */
  #callEither(self: unknown, args: readonly unknown[]): unknown {
    const backing = this.#backing
    const key = this.#keys.of(args, false)
    const promised = this.#keys.of(args, true)
    const overAsync = backing instanceof ForeignStore && backing.answersByPromise(promised)
    const areApart = key !== promised
    if (this.#group.loading.has(promised)) return this.#load(promised, self, args, this.#plan)
    if (!overAsync) {
      if ((areApart || this.#group.promises) && backing.has(promised)) {
        return this.#load(promised, self, args, this.#plan)
      }
      if (backing.has(key)) {
        const found = backing.get(key, MISS)
        if (found !== MISS) return found
      }
    }
    const result = this.#run(self, args)
    if (isThenable(result)) return this.#loadBegun(args, result, this.#plan)
    if (!overAsync) backing.get(key, MISS) // which counts the miss
    return this.#keep(args, result)
  }

  /** Stores a value that was returned at once. */
  #keep(args: readonly unknown[], value: unknown): unknown {
    this.#note(false)
    if (this.#isOverAsync()) throw asyncStore(this.#fn)
    this.#store(this.#keys.of(args, false), value)
    return value
  }

  /** The promise of the value under `key`, from the store, or of a load that is running, or of a new one. */
  #load(key: unknown, self: unknown, args: readonly unknown[], plan: Prepared<unknown> | undefined): unknown {
    let value: unknown = MISS
    const promise = this.#backing.getOrSet(
      key,
      () => {
        const result = this.#run(self, args)
        if (!isThenable(result)) {
          value = result
          return result
        }
        // Some thenables do their work anew at each `then`, so they get one alone.
        const promise = Promise.resolve(result)
        this.#noteLoading(key, promise)
        return promise
      },
      plan,
    )
    return value === MISS ? promise : this.#keepAfterAll(key, promise, args, value)
  }

  /** A function of which only promises were known returned a value: it belongs under the other key. */
  #keepAfterAll(key: unknown, promise: Promise<unknown>, args: readonly unknown[], value: unknown): unknown {
    promise.catch(nothing) // what kept it from being stored there keeps it from being stored here too
    this.#backing.delete(key)
    return this.#keep(args, value)
  }

  /** A call was made, and returned a promise: shares it with all who ask meanwhile. */
  #loadBegun(
    args: readonly unknown[],
    result: PromiseLike<unknown>,
    plan: Prepared<unknown> | undefined,
  ): Promise<unknown> {
    this.#note(true)
    const key = this.#keys.of(args, true)
    const promise = Promise.resolve(result) // one `then` alone, as in #load
    const load = () => {
      this.#noteLoading(key, promise)
      return promise
    }
    promise.catch(nothing) // it may come that nobody waits for it, who is served a stale value
    return this.#backing.getOrSet(key, load, plan)
  }

  #noteLoading(key: unknown, promise: Promise<unknown>): void {
    const { loading } = this.#group
    loading.add(key)
    const end = () => {
      loading.delete(key)
    }
    promise.then(end, end)
  }

  #note(promises: boolean): void {
    this.#group.promises ??= promises
    const now = promises ? Returns.Promises : Returns.Values
    if (this.#returns === Returns.Unknown) this.#returns = now
    else if (this.#returns !== now) this.#returns = Returns.Both
  }

  #run(self: unknown, args: readonly unknown[]): unknown {
    const result = this.#fn.apply(self, args as unknown[])
    if (typeof result === 'object' && types.isGeneratorObject(result)) throw generatorFunction(this.#fn)
    return result
  }

  #store(key: unknown, value: unknown): unknown {
    const ttl = timeToLive(this.#ttl, value)
    if (ttl === 0) return undefined
    if (ttl === undefined && this.#tti === undefined) return answer(this.#backing.set(key, value))
    const options: { ttl?: number; tti?: number } = {}
    if (ttl !== undefined) options.ttl = ttl
    if (this.#tti !== undefined) options.tti = this.#tti
    return answer(this.#backing.set(key, value, options))
  }
}

/** What a `set` says: nothing, or a promise of that. */
function answer(said: unknown): unknown {
  return isThenable(said) ? Promise.resolve(said).then(nothing) : undefined
}

function nothing(): void {}
