//! What `kalosm-llama` uses of `candle-transformers` 0.8.4 (MIT OR Apache-2.0, the candle authors): the quantised root-mean-square norm.

/// Layers over quantised weights.
pub mod quantized_nn {
    use candle_core::quantized::QTensor;
    use candle_core::{Module, Result, Tensor};

    /// Root-mean-square normalisation.
    #[derive(Debug, Clone)]
    pub struct RmsNorm {
        weight: Tensor,
        eps: f64,
    }

    impl RmsNorm {
        /// Of a weight as it stands in a model file.
        pub fn from_qtensor(weight: QTensor, eps: f64) -> Result<Self> {
            let weight = weight.dequantize(&weight.device())?;
            Ok(Self { weight, eps })
        }
    }

    impl Module for RmsNorm {
        fn forward(&self, x: &Tensor) -> Result<Tensor> {
            candle_nn::ops::rms_norm(x, &self.weight, self.eps as f32)
        }
    }
}
