import mokapot = require('mokapot')
import testing = require('mokapot/testing')

const cache: mokapot.Cache<string, number> = new mokapot.Cache({ max: 1 })
const value: number | undefined = cache.get('a')
const double = mokapot.cached((n: number) => n * 2)
testing.advance(double(1))

// @ts-expect-error a key of another type
cache.get(1)
// @ts-expect-error no such export
mokapot.LRUCache

export = value
