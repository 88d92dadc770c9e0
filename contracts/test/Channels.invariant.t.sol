// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Channels} from "../src/Channels.sol";
import {TestDollar} from "../src/TestDollar.sol";
import {ChannelId, Channel, Voucher} from "../src/IChannels.sol";
import {Fixture} from "./support/Fixture.sol";
import {vm} from "./support/Vm.sol";

/// People who open, pay, claim, close and withdraw in any order. It keeps books of its own from what was signed and
/// asked, never from what the contract says it did.
contract ChannelsHandler is Fixture {
    ChannelId[] public known;
    mapping(ChannelId => uint256) public deposited;
    mapping(ChannelId => uint256) public highestClaim;
    mapping(ChannelId => uint256) public lastClaimed;
    mapping(ChannelId => bool) public closed;
    uint256 public paidOut;
    uint256 public paidIn;
    uint256 private salt;

    constructor() {
        setUp();
    }

    function world() external view returns (address, address) {
        return (address(dollar), address(channels));
    }

    function open(uint96 deposit) external {
        if (known.length >= 6) return;
        deposit = MINIMUM_DEPOSIT + deposit % (10 * USD);
        ChannelId channel = openChannel(deposit, bytes32(++salt));
        known.push(channel);
        deposited[channel] = deposit;
        paidIn += deposit;
    }

    function topUp(uint256 which, uint96 added) external {
        ChannelId channel = pick(which);
        if (closed[channel] || block.timestamp >= channels.channels(channel).expiry) return;
        added = MINIMUM_DEPOSIT + added % USD;
        vm.prank(stranger);
        channels.topUp(channel, added);
        deposited[channel] += added;
        paidIn += added;
    }

    function claim(uint256 which, uint256 amount) external {
        ChannelId channel = pick(which);
        amount = 1 + amount % (12 * USD);
        Voucher[] memory batch = new Voucher[](2);
        batch[0] = voucherOf(channel, amount);
        batch[1] = voucherBy(STRANGER_KEY, channel, 100 * USD);
        channels.claimMany(batch);
        if (!closed[channel] && amount > highestClaim[channel]) highestClaim[channel] = amount;
    }

    function cooperativeClose(uint256 which, uint96 amount) external {
        ChannelId channel = pick(which);
        if (closed[channel]) return;
        Channel memory state = channels.channels(channel);
        amount = state.claimed + amount % (state.deposit - state.claimed + 1);
        bytes memory bySigner = signed(SIGNER_KEY, channels.closeDigest(channel, amount, block.timestamp));
        vm.prank(provider);
        channels.cooperativeClose(channel, amount, block.timestamp, bySigner, "");
        closed[channel] = true;
        if (amount > highestClaim[channel]) highestClaim[channel] = amount;
    }

    function payerClose(uint256 which, uint32 wait) external {
        ChannelId channel = pick(which);
        if (closed[channel]) return;
        if (channels.channels(channel).closeAt == 0) {
            vm.prank(payer);
            channels.startClose(channel);
        }
        vm.warp(block.timestamp + wait % 5 days);
        if (block.timestamp < channels.channels(channel).closeAt) return;
        channels.finishClose(channel);
        closed[channel] = true;
    }

    function withdraw(uint256 who, uint256 amount) external {
        address[3] memory people = [payer, provider, feeAccount];
        address person = people[who % 3];
        uint256 held = channels.balanceOf(person);
        if (held == 0) return;
        amount = 1 + amount % held;
        vm.prank(person);
        channels.withdraw(person, amount);
        paidOut += amount;
    }

    function remember(ChannelId channel, uint256 claimed) external {
        lastClaimed[channel] = claimed;
    }

    function knownCount() external view returns (uint256) {
        return known.length;
    }

    function pick(uint256 which) private returns (ChannelId) {
        if (known.length == 0) this.open(uint96(which));
        return known[which % known.length];
    }
}

contract ChannelsInvariantTest is Fixture {
    ChannelsHandler private handler;

    function setUp() public override {
        handler = new ChannelsHandler();
        (address token, address contract_) = handler.world();
        dollar = TestDollar(token);
        channels = Channels(contract_);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0].addr = address(handler);
        targets[0].selectors = new bytes4[](6);
        targets[0].selectors[0] = handler.open.selector;
        targets[0].selectors[1] = handler.topUp.selector;
        targets[0].selectors[2] = handler.claim.selector;
        targets[0].selectors[3] = handler.cooperativeClose.selector;
        targets[0].selectors[4] = handler.payerClose.selector;
        targets[0].selectors[5] = handler.withdraw.selector;
    }

    /// One campaign for all of them: each further campaign would run every call again.
    function invariant_all() external {
        uint256 locked;
        uint256 taken;
        for (uint256 index = 0; index < handler.knownCount(); ++index) {
            ChannelId channel = handler.known(index);
            Channel memory state = channels.channels(channel);
            uint256 deposit = handler.deposited(channel);
            uint256 signedFor = handler.highestClaim(channel);
            if (handler.closed(channel)) {
                vm.assertEq(state.deposit, 0, "a closed channel holds nothing");
                vm.assertTrue(state.provider != address(0), "a closed id stays used");
                continue;
            }
            vm.assertEq(state.deposit, deposit, "deposit is what was paid in");
            vm.assertLe(state.claimed, state.deposit, "never more than the deposit");
            vm.assertLe(state.claimed, signedFor, "never more than was signed");
            vm.assertGe(state.claimed, handler.lastClaimed(channel), "claims only grow");
            handler.remember(channel, state.claimed);
            locked += state.deposit - state.claimed;
            taken += uint256(state.claimed) * state.feeBps / 10_000;
        }
        uint256 owed = locked + channels.balanceOf(payer) + channels.balanceOf(provider)
            + channels.balanceOf(feeAccount) + channels.balanceOf(stranger);
        vm.assertEq(dollar.balanceOf(address(channels)), owed, "solvent, and nothing stranded");
        vm.assertEq(dollar.balanceOf(address(channels)) + handler.paidOut(), handler.paidIn(), "in = here + out");
        vm.assertLe(channels.balanceOf(stranger), 0, "who signs for nobody gets nothing");
        if (handler.paidOut() == 0) vm.assertGe(channels.balanceOf(feeAccount), taken, "cumulative fee");
    }
}
