// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title A stand-in for a 6-decimal dollar stablecoin with permit, for local chains only
/// @notice Worth nothing: anybody mints. It refuses to exist on any chain but 31337 and 1337.
contract TestDollar is ERC20Permit {
    error LocalChainsOnly(uint256 chainId);

    constructor() ERC20("Adit Test Dollar", "tUSD") ERC20Permit("Adit Test Dollar") {
        if (block.chainid != 31337 && block.chainid != 1337) revert LocalChainsOnly(block.chainid);
    }

    /// @notice The faucet.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }
}
