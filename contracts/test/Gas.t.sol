// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ChannelId, Voucher, OpenRequest} from "../src/IChannels.sol";
import {Authorization, Permit} from "../src/ILedger.sol";
import {Fixture} from "./support/Fixture.sol";
import {vm} from "./support/Vm.sol";

/// Whole-transaction gas (run with `--isolate`): written to `contracts/snapshots`, compared by `script/contracts gas`.
contract GasTest is Fixture {
    function test_gas_open() public {
        openChannel(2 * USD, "first");
        vm.snapshotGasLastCall("channels", "open, first ever");
        openChannel(2 * USD, "second");
        record("open, warm", 120_000);
    }

    function test_gas_openWithPermit() public {
        openChannel(2 * USD, "first");
        vm.prank(payer);
        dollar.approve(address(channels), 0);
        Permit memory permit = permitBy(PAYER_KEY, address(channels), 2 * USD);
        vm.prank(payer);
        channels.openWithPermit(provider, signer, 2 * USD, "p", permit);
        record("openWithPermit", 165_000);
    }

    function test_gas_openFor() public {
        openChannel(2 * USD, "first");
        OpenRequest memory request = OpenRequest(payer, provider, signer, 2 * USD, "for");
        Authorization memory authorization = openAuthorization(PAYER_KEY, request, 1_000, 0);
        vm.prank(stranger);
        channels.openFor(request, 1_000, authorization, noPermit());
        record("openFor with a tip", 185_000);
    }

    function test_gas_topUp() public {
        ChannelId channel = openChannel(2 * USD);
        vm.prank(payer);
        channels.topUp(channel, 2 * USD);
        record("topUp", 60_000);
    }

    function test_gas_claim() public {
        ChannelId channel = openChannel(2 * USD);
        channels.claim(voucherOf(channel, 500_000));
        vm.snapshotGasLastCall("channels", "claim, first ever");
        channels.claim(voucherOf(channel, 1 * USD));
        record("claim, warm", 55_000);
    }

    function test_gas_claimMany50() public {
        Voucher[] memory vouchers = new Voucher[](50);
        for (uint256 index = 0; index < 50; ++index) {
            ChannelId channel = openChannel(2 * USD, bytes32(index + 100));
            channels.claim(voucherOf(channel, 100));
            vouchers[index] = voucherOf(channel, 1 * USD + index);
        }
        channels.claimMany(vouchers);
        uint256 gas = record("claimMany of 50", 1_000_000);
        vm.assertLe(gas / 50, 20_000, "claim in a batch of 50");
    }

    function test_gas_cooperativeClose() public {
        ChannelId channel = openChannel(2 * USD);
        bytes32 digest = channels.closeDigest(channel, 1 * USD, block.timestamp + 1);
        bytes memory bySigner = signed(SIGNER_KEY, digest);
        vm.prank(provider);
        channels.cooperativeClose(channel, 1 * USD, block.timestamp + 1, bySigner, "");
        vm.snapshotGasLastCall("channels", "cooperativeClose, first ever for both");

        channel = openChannel(2 * USD, "second");
        bytes memory second = signed(SIGNER_KEY, channels.closeDigest(channel, 1 * USD, block.timestamp + 1));
        bytes memory byProvider = signed(PROVIDER_KEY, channels.closeDigest(channel, 1 * USD, block.timestamp + 1));
        vm.prank(stranger);
        channels.cooperativeClose(channel, 1 * USD, block.timestamp + 1, second, byProvider);
        record("cooperativeClose, warm", 76_000);
    }

    function test_gas_payerClose() public {
        ChannelId first = openChannel(2 * USD, "first");
        ChannelId second = openChannel(2 * USD, "second");
        vm.prank(payer);
        channels.startClose(first);
        record("startClose", 40_000);
        vm.prank(payer);
        channels.startClose(second);
        vm.warp(block.timestamp + 72 hours);
        channels.finishClose(first);
        vm.snapshotGasLastCall("channels", "finishClose, first ever");
        channels.finishClose(second);
        record("finishClose, warm", 50_000);
    }

    function test_gas_withdraw() public {
        ChannelId channel = openChannel(2 * USD);
        channels.claim(voucherOf(channel, 1 * USD));
        vm.prank(provider);
        channels.withdraw(provider, 1);
        record("withdraw, a part", 60_000);
        vm.prank(provider);
        channels.withdraw(provider, type(uint256).max);
        record("withdraw, all", 60_000);
    }

    function test_gas_registry() public {
        registerProvider();
        vm.snapshotGasLastCall("registry", "register");
        vm.prank(provider);
        registry.update(profileOf("FR"));
        vm.snapshotGasLastCall("registry", "update");
        bytes memory binding = signed(OTHER_NODE_KEY, registry.bindingDigest(provider));
        vm.prank(provider);
        registry.addKey(otherNode, binding);
        vm.snapshotGasLastCall("registry", "addKey");
        equivocate(stranger, NODE_KEY, provider, 7);
        vm.snapshotGasLastCall("registry", "slashEquivocation");
    }

    function record(string memory name, uint256 limit) private returns (uint256 gas) {
        gas = vm.snapshotGasLastCall("channels", name);
        vm.assertLe(gas, limit, name);
    }
}
