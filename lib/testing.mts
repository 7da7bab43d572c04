export { advance } from './testing.js'
