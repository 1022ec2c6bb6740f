#!/usr/bin/env node
'use strict';

const fs = require('node:fs');
const path = require('node:path');

// In a checkout the build may be missing or stale; a published package has dist and no scripts.
const checkout = path.join(__dirname, '..', 'scripts', 'checkout.js');
if (fs.existsSync(checkout)) require(checkout).build();
require(path.join(__dirname, '..', 'dist', 'cli', 'main.js'));
