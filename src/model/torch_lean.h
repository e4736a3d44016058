// The torch headers of this module, once. Only headers and sources of model/ that are never seen from outside
// include this: each file that does costs 13 s to compile; torch/script.h would cost 22 s.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/jit/api/module.h>
