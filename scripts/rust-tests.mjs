import process from 'node:process';
import { step } from './run.mjs';

/**
 * Crash tests make and drop a file's length of memory all the time. Unless it is told to keep some, the C library of
 * Linux gives each piece back to the kernel: that alone made them three times as slow. Others ignore these names.
 */
export const allocator = {
  MALLOC_TOP_PAD_: String(64 << 20),
  MALLOC_TRIM_THRESHOLD_: String(128 << 20),
};

/** The suite that explores schedules of threads, and the feature that gives it their locks. */
export const schedules = ['--features', 'shuttle', '--test', 'schedules'];

export function rustTests(title, env = process.env) {
  const options = { env: { ...allocator, ...env } };
  step(title, 'cargo', ['test', '--quiet'], options);
  step(`${title}, schedules of threads`, 'cargo', ['test', '--quiet', ...schedules], options);
}
