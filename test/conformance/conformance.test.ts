import { startRay, startShoal } from './engines.ts'
import { findOrInstallRay } from './ray-packages.ts'
import { testConformance } from './suite.ts'

const python = findOrInstallRay()
testConformance({ title: 'Ray 2.58 against a Shoal head', python, start: startShoal })
testConformance({ title: 'Ray 2.58 against a real Ray head', python, start: startRay })
