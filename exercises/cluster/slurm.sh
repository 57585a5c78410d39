#!/usr/bin/env bash
# Grades a class with Slurm: every task of the array grades one part. Run from the project's folder, which the nodes see at the same path.
#
#   sbatch --array=1-64%16 exercises/cluster/slurm.sh submissions 64    64 parts, 16 at a time
#   build/double/tests/gradus-grade merge submissions                   when all have ended: the gradebook, or the parts to run again
#   sbatch --array=3,17 exercises/cluster/slurm.sh submissions 64       these two again; they continue where they stopped
#
# Further words are options of gradus-grade class. A node that fails, or a time limit, costs at most one exercise per processor.
#SBATCH --job-name=gradus-grade
#SBATCH --output=gradus-grade-%A_%a.log
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=2G
set -u
if [ $# -lt 2 ] || [ -z "${SLURM_ARRAY_TASK_ID:-}" ]; then
  echo "usage: sbatch --array=1-N exercises/cluster/slurm.sh <folder of submissions> N [options of gradus-grade class]" >&2
  exit 2
fi
submissions=$1 parts=$2
shift 2
export OMP_NUM_THREADS=1
exec "$SLURM_SUBMIT_DIR/build/double/tests/gradus-grade" class "$submissions" \
  --part "$SLURM_ARRAY_TASK_ID/$parts" -j "${SLURM_CPUS_PER_TASK:-1}" "$@"
