import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import test from 'ava'
import { buildSync } from 'esbuild'
import { cached } from '../dist/index.mjs'

/** The classes of fixtures/decorated.ts, compiled: Node runs no decorators. */
const { Users, typed } = await compiled('fixtures/decorated.ts')

/** @param {string} path */
async function compiled(path) {
  const folder = mkdtempSync(join(tmpdir(), 'mokapot-decorated-'))
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(
    fileURLToPath(new URL('..', import.meta.url)),
    join(folder, 'node_modules', 'mokapot'),
    'junction',
  )
  const outfile = join(folder, 'decorated.mjs')
  const entry = fileURLToPath(new URL(path, import.meta.url))
  // Options as they stand here: those of the project's tsconfig are for the library.
  buildSync({ entryPoints: [entry], outfile, format: 'esm', target: 'es2022', tsconfigRaw: {} })
  try {
    return await import(pathToFileURL(outfile).href)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/**
 * A context as the language makes it.
 *
 * @param {string} kind
 * @param {string} name
 */
const context = (kind, name) => ({
  kind,
  name,
  static: false,
  private: false,
  addInitializer() {},
  metadata: {},
})

test('@cached memoizes a method for each instance by itself', (t) => {
  const [ada, bob] = [new Users('ada'), new Users('bob')]
  t.is(ada.find(1), 'ada 1 any')
  t.is(ada.find(1), 'ada 1 any')
  t.is(bob.find(1), 'bob 1 any')
  t.is(ada.find(1, 'admin'), 'ada 1 admin')
  t.is(ada.calls, 2)
  t.is(bob.calls, 1)
  t.is(Users.prototype.find.name, 'find')
  t.is(Users.prototype.find.length, 1)
})

test('@cached with options memoizes promises', async (t) => {
  const users = new Users('ada')
  const [one, two] = await Promise.all([users.load(1), users.load(1)])
  t.is(one, two)
  t.is(users.calls, 1)
  t.deepEqual(cached.of(users, 'load').parameters, { max: 1000, ttl: 300_000 })
})

test('@cached memoizes getters, static and private methods', (t) => {
  const users = new Users('ada')
  t.is(users.size, 1)
  t.is(users.size, 1)
  t.is(new Users('bob').size, 1)
  t.is(Users.double(2), 4)
  t.is(Users.double(2), 4)
  t.is(Users.counted, 1)
  t.is(users.secret(7), 7)
  t.is(users.secret(7), 7)
  t.is(users.calls, 2)
})

test('cached.of gives the memoized function of an instance', async (t) => {
  const users = new Users('ada')
  users.find(1)
  const find = cached.of(users, 'find')
  t.true(find.has(1))
  t.is(find.refresh(1), 'ada 1 any', 'refresh knows the instance')
  t.true(await find.delete(1))
  users.find(1)
  t.is(users.calls, 3)
  t.is(cached.of(users, 'size').peek(), undefined)
  t.is(users.size, 4)
  t.is(cached.of(users, 'size').peek(), 4)
  for (const name of ['secret', 'tenant', 'none']) {
    t.throws(() => cached.of(users, /** @type {any} */ (name)), {
      instanceOf: TypeError,
      code: 'ERR_MOKAPOT_INVALID_OPTION',
    })
  }
})

test('types hold in TypeScript', (t) => {
  t.deepEqual(typed(new Users('ada')), ['', false, undefined])
})

test('a subclass can override and call what it inherits', (t) => {
  class Admins extends Users {
    /** @param {number} id */
    find(id) {
      return `admin ${super.find(id)}`
    }
  }
  const admins = new /** @type {any} */ (Admins)('ada')
  t.is(admins.find(1), 'admin ada 1 any')
  t.is(admins.find(1), 'admin ada 1 any')
  t.is(admins.calls, 1)
})

test('what is not a method or getter is refused, and so are decorators from before the language had them', (t) => {
  const refused = {
    instanceOf: TypeError,
    code: 'ERR_MOKAPOT_INVALID_OPTION',
    message: /methods and getters/,
  }
  for (const kind of ['field', 'accessor', 'setter', 'class']) {
    t.throws(() => cached(/** @type {any} */ (() => 1), /** @type {any} */ (context(kind, 'x'))), refused)
  }
  t.throws(() => cached(/** @type {any} */ ({}), /** @type {any} */ ('find')), refused)
  t.throws(() => cached({})(/** @type {any} */ ({}), /** @type {any} */ ('find')), refused)
  t.throws(() => cached(function* () {}, /** @type {any} */ (context('method', 'x'))), {
    message: /generator/,
  })
  t.throws(() => cached({ max: 0 })(() => 1, /** @type {any} */ (context('method', 'x'))), { message: /max/ })
})

test('a decorated method without an instance is called as it is', (t) => {
  let calls = 0
  const method = cached(/** @type {any} */ (() => ++calls), /** @type {any} */ (context('method', 'x')))
  t.is(method(), 1)
  t.is(method.call(/** @type {any} */ (1)), 2)
  const instance = {}
  t.is(method.call(instance), 3)
  t.is(method.call(instance), 3)
})

test('the cache of an instance is collected with it', async (t) => {
  setFlagsFromString('--expose-gc')
  const gc = /** @type {() => void} */ (runInNewContext('gc'))
  /** @type {WeakRef<object>[]} */
  const gone = []
  ;(() => {
    for (let i = 0; i < 10; i++) {
      const users = new Users(`user ${i}`)
      users.find(i)
      gone.push(new WeakRef(users), new WeakRef(cached.of(users, 'find').store))
    }
  })()
  for (let i = 0; i < 50 && gone.some((ref) => ref.deref() !== undefined); i++) {
    await sleep(5)
    gc()
  }
  t.is(gone.filter((ref) => ref.deref() !== undefined).length, 0)
})
