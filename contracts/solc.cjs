#!/usr/bin/env node
'use strict'
// Lets forge compile with the WASM solc from npm: the two calls that forge makes of a native compiler.
const { readFileSync } = require('node:fs')
const solc = require('solc')

if (process.argv.includes('--version')) {
  const version = solc.version().replace('.Emscripten.clang', '.Linux.g++')
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${version}\n`)
} else if (process.argv.includes('--standard-json')) {
  process.stdout.write(solc.compile(readFileSync(0, 'utf8')))
} else {
  process.stderr.write(`solc.cjs: expected --version or --standard-json, got ${process.argv.slice(2).join(' ')}\n`)
  process.exitCode = 2
}
