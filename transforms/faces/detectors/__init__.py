"""Face detectors, one file each; `registry` names them all."""
