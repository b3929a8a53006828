"""Games: both players' terms on logits. A new one is a file here and a yaml in conf/loss/."""
