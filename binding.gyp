{
  # `npm ci` builds with cmake-js directly (package.json, "install"). This file lets tools that only
  # know node-gyp build the same CMakeLists.txt: no second list of sources and flags.
  "targets": [{
    "target_name": "deepfool_image",
    "type": "none",
    "actions": [{
      "action_name": "cmake_js",
      "inputs": ["CMakeLists.txt", "<!@(node -p \"require('fs').readdirSync('src-native').map((f) => 'src-native/' + f).join(' ')\")"],
      "outputs": ["build/native/Release/deepfool_image.node"],
      "action": ["node", "scripts/setup.mjs", "--again", "native"]
    }]
  }]
}
