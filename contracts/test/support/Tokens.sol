// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// Burns 1 % of every transfer once it is switched on.
contract FeeToken is ERC20("Fee", "FEE") {
    bool public on;

    function switchOn() external {
        on = true;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (on && from != address(0) && to != address(0)) super._update(to, address(0), amount / 100);
    }
}

/// Its issuer can freeze accounts.
contract FreezingToken is ERC20("Freezing", "FRZ") {
    error Frozen(address account);

    mapping(address account => bool) public frozen;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function freeze(address account) external {
        frozen[account] = true;
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (frozen[from]) revert Frozen(from);
        if (frozen[to]) revert Frozen(to);
        super._update(from, to, amount);
    }
}

/// Calls back during transfers, as ERC-777 tokens do, and remembers whether the call got through.
contract ReentrantToken is ERC20("Reentrant", "REE") {
    address public target;
    bytes public attack;
    bool public succeeded;
    uint256 public attempts;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function arm(address target_, bytes calldata attack_) external {
        target = target_;
        attack = attack_;
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (target != address(0) && from != address(0)) {
            ++attempts;
            (bool done,) = target.call(attack);
            succeeded = succeeded || done;
        }
        super._update(from, to, amount);
    }
}
