"""What papers and other suites call things, and what is written here instead.

Spelling alone leads astray: of all losses `rpgan` is nearest to `wgan`. So what is commonly typed stands in a table.
"""

from fnmatch import fnmatchcase

FIELD = {
    # losses, penalties, networks, models
    "loss=wasserstein penalty=weight_clipping d_steps=5 network.discriminator.norm=none": "loss=wgan model=wgan",
    "loss=wasserstein penalty=gradient_penalty d_steps=5 network=resnet_wgan_gp, or recipe=wgan_gp": (
        "loss=wgan*gp model=wgan*gp network=wgan*gp"
    ),
    "loss=nonsaturating, or loss=minimax, the game as stated": "loss=gan loss=vanilla loss=standard loss=bce*",
    "loss=nonsaturating": "loss=ns loss=nsgan loss=logistic loss=softplus",
    "loss=minimax": "loss=saturating loss=mmgan",
    "loss=nonsaturating penalty=r1 network.discriminator.norm=none": "loss=stylegan*",
    "loss=nonsaturating penalty=dragan network.discriminator.norm=none": "loss=dragan model=dragan",
    "loss=least_squares": "loss=ls loss=lsgan loss=mse model=lsgan",
    "loss=rpgan": "loss=rsgan loss=rgan",
    "loss=rpgan penalty=r1_r2 network=r3gan": "loss=r3gan model=r3gan",
    "loss=relativistic_average": "loss=ragan loss=rasgan",
    "loss=f_js, or another f_...": "loss=fgan loss=f_gan",
    "penalty=gradient_penalty": "penalty=gp penalty=wgan*gp",
    "penalty=gradient_penalty_one_sided": "penalty=lp penalty=wgan*lp",
    "penalty=zero_centered": "penalty=0gp penalty=0_gp penalty=zero_gp",
    "penalty=weight_clipping network.discriminator.norm=none": "penalty=wgan penalty=clip*",
    "network.discriminator.norm=spectral": "penalty=sn penalty=spectral* spectral_norm",
    "network=resnet, or recipe=sngan": "network=sngan model=sngan loss=sngan",
    "network=dcgan, or recipe=dcgan": "network=cnn network=conv* model=dcgan loss=dcgan",
    "network=mlp": "network=fc network=linear",
    "model=autoencoder": "model=ae",
    "model=mixture": "model=gmm",
    "labels=true": "model=cgan *conditional",
    # data and logger
    "data=folder data.root=...": "data=*/* data=image* data=ffhq* data=afhq* data=lsun* data=custom",
    "data=folder data.root={}": "data*root data*dir",
    "logger=tensorboard": "logger=tb logger=tensorboardx",
    "logger=wandb, which without a key or a network is offline": "logger=*offline*",
    "logger=none, or logger=wandb": "*wandb",
    # keys of the game
    "d_steps={}": "k n_critic critic_iter* n_dis",
    "optimizer.generator.lr={}": "lr_g g_lr",
    "optimizer.discriminator.lr={}": "lr_d d_lr",
    "optimizer.generator.lr={} optimizer.discriminator.lr={}": "learning_rate",
    "optimizer.generator.betas=... optimizer.discriminator.betas=..., both betas in brackets": "beta1 beta2",
    "penalty=gradient_penalty penalty.weight={}": "lambda* gp_weight gp_lambda",
    "penalty=r1 penalty.gamma={}": "gamma r1_gamma",
    "penalty=weight_clipping penalty.limit={}": "clip* weight_clip*",
    "average_half_life=..., in images": "ema*",
    "augment=ada": "ada",
    "network={}": "arch*",
    "seed={}, or with -m a run for each seed: -m seed=0,1,2": "seeds random_seed manual_seed",
    "loss={}": "criterion gan_mode loss_type loss_fn",
    "penalty={}": "regulari*",
    # keys of sizes, lengths, devices and places
    "code_size={}": "z_dim dim_z zdim latent* nz noise_dim",
    "batch_size={}": "bs",
    "network.generator.width={}": "ngf",
    "network.discriminator.width={}": "ndf",
    "resolution={}": "image_size img_size im_size imsize",
    "updates={}": "steps max_steps num_steps iter* n*iter*",
    "updates=..., one for each batch: epochs x images / batch_size": "*epoch*",
    "updates=..., one for each batch: 1000 kimg / batch_size": "*kimg",
    "checkpoint_every={}": "save_every",
    "trainer.devices={} trainer.accelerator=gpu": "gpus n*gpu*",
    "trainer.accelerator=gpu, or trainer.accelerator=cpu": "gpu cuda device",
    "trainer.precision=bf16-mixed": "amp bf16 fp16",
    "name=..., the folder under runs/": "out output* outdir save_dir log_dir exp_name run_name",
    "run=FOLDER and no other setting, or the same command again": "resume* checkpoint* ckpt*",
}
"""Settings, `{}` for the value as typed and `...` for one to be found out -> what is typed for them: `loss=wgan` of a
group's options, `n_critic` of keys, in small letters and as `fnmatch` matches it. The first that matches counts."""


def written_here(typed: str, value: str) -> str:
    """`; write d_steps=5` for `n_critic` and the value 5; nothing if the field has no such name."""
    name = typed.lower().replace("-", "_")
    replacements = (right for right, names in FIELD.items() for each in names.split() if fnmatchcase(name, each))
    right = next(replacements, None)
    return "" if right is None else f"; write {right.replace('{}', value)}"
