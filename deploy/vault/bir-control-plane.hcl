# What the control plane may do at Vault or OpenBao: read, write and delete secrets below bir/, and nothing else.
# For a mount other than secret/, change the first part of each path. Lines for both versions of the KV engine.

# KV version 2
path "secret/data/bir/*" { capabilities = ["create", "read", "update"] }
path "secret/metadata/bir/*" { capabilities = ["read", "delete"] }

# KV version 1
path "secret/bir/*" { capabilities = ["create", "read", "update", "delete"] }
