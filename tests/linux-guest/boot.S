# The boot sector of a disk that tests/linux-guest.sh has a BIOS boot from: its driver is not Linux's. Reads the sectors 1 to 64 by INT 13h in requests of several
# lengths, looks that each begins with its number, writes the last of them to sector 200 with one byte changed, and tells by the first serial port.
.code16
.globl _start
_start:
    ljmp $0, $begin
begin:
    xor %ax, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    mov $0x7c00, %sp
    mov %dl, drive
    mov $1, %bx             # the next sector
next:
    mov %bx, lba
    mov %bx, %ax            # 1, 2, ... 8 sectors at once, and again
    dec %ax
    and $7, %ax
    inc %ax
    mov $65, %cx            # not beyond sector 64
    sub %bx, %cx
    cmp %cx, %ax
    jbe few
    mov %cx, %ax
few:
    mov %ax, count
    mov $0x42, %ah
    call disk
    mov count, %cx
    mov $0x8000, %di
check:
    cmp %bx, (%di)
    jne wrong
    cmp %bx, 510(%di)
    jne wrong
    add $512, %di
    inc %bx
    loop check
    cmp $64, %bx
    jbe next

    sub $512, %di           # the last sector, from where it was read to
    mov %di, address
    movb $0x5a, 2(%di)
    movw $200, lba
    movw $1, count
    mov $0x43, %ah
    call disk
    mov $right, %si
    jmp say
wrong:
    mov $broken, %si
say:
    mov $0x3f8, %dx
    lodsb
    test %al, %al
    jz off
    out %al, %dx
    jmp say
off:
    mov $0xfe, %al          # the keyboard controller resets the machine, which ends it under -no-reboot
    out %al, $0x64
    hlt
    jmp off

disk:
    xor %al, %al
    mov drive, %dl
    mov $packet, %si
    int $0x13
    jc wrong
    test %ah, %ah
    jnz wrong
    ret

right: .asciz "GUEST: the BIOS has booted, read and written\r\n"
broken: .asciz "GUEST: WRONG: a sector\r\n"
drive: .byte 0
.balign 4
packet: .byte 16, 0
count: .word 1
address: .word 0x8000, 0
lba: .long 0, 0
.org 510
    .word 0xaa55
