/** netlab: networks of namespaces for labs and the demo. `README.md` has an example. */
export { Host, until, type ExecOptions, type ExecResult, type LabProcess } from './host.ts'
export { Lab, LabUnsupported, closeLabs, openLab } from './lab.ts'
export { runAsNobody } from './nobody.ts'
export { findRun, isOwned, listRuns, removeRun, sweep, type Run, type RunRecord } from './registry.ts'
export { CaseFailed, CaseSkipped, runLab, type Figures, type LabCase, type LabProgram } from './runner.ts'
export { labSupport, type LabSupport } from './support.ts'
export {
  bridge,
  link,
  router,
  sendRealPackets,
  type LinkEnd,
  type PortForward,
  type RouterOptions,
} from './topology.ts'
export { capture, lossCounters, setLoss, setRate, type Loss } from './traffic.ts'
