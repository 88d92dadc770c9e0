// about: a TUN device, NAT and forwarding in a lab that needs no root
// needs: nftables iproute2 iputils-ping
import { link, openLab, router, runLab } from './index.ts'

await runLab({
  name: 'netlab-rootless',
  needs: 'namespaces and tun',
  cases: [
    {
      name: 'TUN device and masquerade',
      run: async () => {
        await using lab = await openLab('netlab-rootless')
        const inside = await lab.addHost('inside', { etc: { 'resolv.conf': 'nameserver 192.0.2.53\n' } })
        const outside = await lab.addHost('outside')
        await link(
          { host: inside, device: 'eth0', addresses: ['198.51.100.2/24'], gateways: ['198.51.100.1'] },
          { host: outside, device: 'eth0', addresses: ['198.51.100.1/24'] },
        )
        await inside.run(['ip', 'tuntap', 'add', 'dev', 'tun0', 'mode', 'tun'])
        await inside.ip('address add 198.18.0.2/32 dev tun0', 'link set tun0 up')
        await router(inside, { wan: 'eth0', lan: 'tun0', kind: 'home' })
        const answer = await inside.run(['ping', '-c', '1', '-W', '1', '-I', '198.18.0.2', '198.51.100.1'])
        if (!answer.includes('1 received')) throw new Error(answer)
        return { uidOutside: Number((await inside.run(['cat', '/proc/self/uid_map'])).trim().split(/\s+/)[1]) }
      },
    },
  ],
})
