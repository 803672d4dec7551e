#!/usr/bin/env node
// Starts express-gateway with the directory of its configuration: `server.js DIRECTORY`. `--version` tells its version.
'use strict';

const [argument] = process.argv.slice(2);
if (argument === '--version') {
  console.log(require('express-gateway/package.json').version);
} else if (argument === undefined) {
  console.error('usage: server.js DIRECTORY');
  process.exitCode = 2;
} else {
  require('express-gateway')().load(argument).run();
}
